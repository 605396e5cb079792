"""Take phone numbers apart, so that one stored in one way is found when it is typed in another."""

import re
from dataclasses import dataclass

from recordings.catalog.folding import digits

FEWEST_WHOLE = 7  # digits of a number that is not only an ending
SHORTEST_ABROAD = 11  # digits of a number that may begin with a country's code although nothing says so

_PLUS = re.compile(r"\D*[+\uff0b\ufe62]")
_OPTIONAL_ZERO = re.compile(r"\(\s*0\s*\)")
_COUNTRY = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")


@dataclass(frozen=True)
class PhoneNumber:
    """The digits of a phone number as written, and how they may be taken apart.

    The code of a country is known without its length: no code of E.164 is the beginning of another.
    """

    written: str
    has_code: bool  # a country's code was written for certain: after + or 00

    @classmethod
    def read(cls, text: str) -> "PhoneNumber":
        """Read a number in any script, with any signs between its digits; a zero in brackets is left out."""
        written = digits(_OPTIONAL_ZERO.sub("", text))
        return cls(written, bool(_PLUS.match(text)) or written.startswith("00"))

    @property
    def is_national(self) -> bool:
        """Whether it was certainly written without a country's code: after one zero."""
        return self.written.startswith("0") and not self.has_code

    @property
    def significant(self) -> str:
        return self.written.lstrip("0")

    @property
    def national(self) -> str:
        """The part after a country's code, if what begins the number is one."""
        return self.significant[self._code_length :].lstrip("0")

    @property
    def abroad(self) -> str:
        """The number with a country's code and without the zero that was left standing behind it; else nothing."""
        code = self.significant[: self._code_length]
        may_have_code = self.has_code or (not self.is_national and len(self.significant) >= SHORTEST_ABROAD)
        left_standing = self.significant[self._code_length :].startswith("0")
        return code + self.national if may_have_code and left_standing else ""

    @property
    def _code_length(self) -> int:
        code = _COUNTRY.match(self.significant)
        return code.end() if code else 0
