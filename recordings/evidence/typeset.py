"""Run by itself: sets report.typ with the data on standard input, gives the PDF on standard output.

A process of its own, because typst keeps what it laid out – some 90 KB a row – for documents that never come.
Imports nothing of the portal.
"""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

_TEMPLATE = Path(__file__).with_name("report.typ")
_NO_GLYPH = re.compile(r'the text `"(.*?)"` could not be displayed')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_STAND_IN = "□"  # what no font on this machine can draw
_BOXES = (
    "A letter that no font on the portal's machine can draw is shown as □ here; report.csv has it as it is."
)
_ATTEMPTS = 3


def typeset(data: dict[str, Any], at: datetime) -> bytes:
    """A tagged PDF/A-2a, PDF/UA-1. Both refuse a letter that no font can draw: it is shown as a box instead."""
    for _ in range(_ATTEMPTS):
        try:
            return _compile(json.dumps(data, ensure_ascii=False), at)
        except typst.TypstError as error:
            lacking = _lacking(error.diagnostic)
            if not lacking:
                raise
            drawn = json.dumps(data, ensure_ascii=False).translate(dict.fromkeys(lacking, _STAND_IN))
            data = {**json.loads(drawn), "boxes": _BOXES}
    raise ValueError("There is not even a font with a box in it.")


def _lacking(said: str) -> set[int]:
    """The letters that typst could not draw, beyond ASCII: every font has that."""
    texts = (_ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) for text in _NO_GLYPH.findall(said))
    return {ord(letter) for text in texts for letter in text if not letter.isascii()}


def _compile(data: str, at: datetime) -> bytes:
    """With the fonts that come with typst (Latin, Greek, Cyrillic, Hebrew, Arabic) and those of the machine."""
    made = typst.compile(
        _TEMPLATE.read_bytes(),
        format="pdf",
        font_paths=typst.Fonts(include_system_fonts=True, include_embedded_fonts=True),
        sys_inputs={"data": data},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=at,
    )
    return bytes(made)


if __name__ == "__main__":
    given = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(typeset(given, datetime.fromtimestamp(given["at"], UTC)))
