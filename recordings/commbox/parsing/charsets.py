"""Decode CommBox's texts: as Unicode if JSON's detection fits, else by the declared charset if it is on the list.

The list matters: Python also has codecs that are not charsets (zlib, hex) and slow ones (punycode takes minutes for a
megabyte).
"""

import json
import re

_PUNCTUATION = re.compile(r"[\s_-]")
# Labels without case, hyphens and underscores, and Python's codec for each. ISO 8859 has no part 12.
_CODECS = {
    **dict.fromkeys(("ascii", "usascii", "utf8"), "utf-8"),
    **{f"utf{bits}{order}": f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "le", "be")},
    **{f"{maker}{page}": f"cp{page}" for page in (874, *range(1250, 1259)) for maker in ("windows", "cp")},
    **{f"iso8859{part}": f"iso8859-{part}" for part in range(1, 17) if part != 12},
    "iso88598i": "iso8859-8",
    "latin1": "iso8859-1",
}


class UnknownCharset(ValueError):
    """The bytes are neither Unicode nor text in the declared charset."""


def decode(body: bytes, declared: str = "") -> str:
    """Decode a body: the Unicode encodings first, whatever the label says (RFC 8259), then the declared charset.

    Raises UnknownCharset when neither fits.
    """
    for codec in (json.detect_encoding(body), _CODECS.get(_PUNCTUATION.sub("", declared[:40]).lower())):
        try:
            if codec:
                return body.decode(codec)
        except UnicodeError:
            continue
    raise UnknownCharset("its text is in no known encoding")
