"""Parse phone numbers, so that a number is found however it is stored and typed."""

import re
from dataclasses import dataclass

from recordings.folding import digits

FEWEST_WHOLE = 7  # digits of a whole number, rather than its end
SHORTEST_ABROAD = 11  # digits of a number that may begin with a country code without + or 00

_PLUS = re.compile(r"\D*[+\uff0b\ufe62]")
_OPTIONAL_ZERO = re.compile(r"\(\s*0\s*\)")
_COUNTRY = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """The digits of a phone number, and how they can be split.

    A country code needs no separator: no code of E.164 is the beginning of another.
    """

    written: str
    has_code: bool  # a country code was certainly written: after + or 00
    is_national: bool  # certainly none was written: it begins with one zero
    significant: str  # without leading zeros
    national: str  # the part after a country code, if the number begins with one
    abroad: str  # with a country code and without a zero after it; else empty

    @classmethod
    def read(cls, text: str) -> "PhoneNumber":
        """Read a number in any script, with any characters between its digits. A zero in brackets is dropped."""
        written = digits(_OPTIONAL_ZERO.sub("", text) if "(" in text else text)
        has_code = written.startswith("00") or bool(_PLUS.match(text))
        is_national = written.startswith("0") and not has_code
        significant = written.lstrip("0")
        code = _COUNTRY.match(significant)
        rest = significant[code.end() :] if code else significant
        national = rest.lstrip("0")
        may_have_code = has_code or (not is_national and len(significant) >= SHORTEST_ABROAD)
        abroad = code[0] + national if code and may_have_code and rest != national else ""
        return cls(written, has_code, is_national, significant, national, abroad)
