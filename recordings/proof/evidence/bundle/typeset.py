"""Run by itself: sets report.typ with the data on standard input, gives the PDF on standard output.

A process of its own, because typst keeps what it laid out – some 90 KB a row – for documents that never come.
Imports nothing of the portal.
"""

import json
import re
import resource
import sys
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typst

_TEMPLATE = Path(__file__).with_name("report.typ")
_NO_GLYPH = re.compile(r'(?:the text|the codepoint) `"(.*?)"`')
_ESCAPE = re.compile(r"\\u\{([0-9a-f]+)\}")
_STAND_IN = "□"  # what no font on this machine can draw
_BOXES = (
    "A letter that no font on the portal's machine can draw is shown as □ here; report.csv has it as it is."
)
_MEMORY_BYTES = 4 * 2**30
_ATTEMPTS = 20  # each names the letters of one kind of refusal only


def typeset(data: dict[str, Any], at: datetime) -> bytes:
    """A tagged PDF/A-2a, PDF/UA-1. Both refuse a letter that no font can draw, and every private one: it is shown as a
    box instead."""
    data = _boxed(
        data, {ord(letter) for letter in json.dumps(data, ensure_ascii=False) if _is_private(letter)}
    )
    for _ in range(_ATTEMPTS):
        try:
            return _compile(json.dumps(data, ensure_ascii=False), at)
        except typst.TypstError as error:
            undrawable = _undrawable(error.diagnostic)
            if not undrawable:
                raise
            data = _boxed(data, undrawable)
    return _compile(json.dumps(_boxed(data, _beyond_latin(data)), ensure_ascii=False), at)


def _is_private(letter: str) -> bool:
    """Whether a code point means what two parties agreed on, half of a pair, or nothing at all."""
    return unicodedata.category(letter) in ("Co", "Cs", "Cn")


def _boxed(data: dict[str, Any], letters: set[int]) -> dict[str, Any]:
    """The same data with a box in the place of each of these letters, and a sentence that says so."""
    if not letters:
        return data
    drawn = json.dumps(data, ensure_ascii=False).translate(dict.fromkeys(letters, _STAND_IN))
    return {**json.loads(drawn), "boxes": _BOXES}


def _undrawable(diagnostic: str) -> set[int]:
    """The letters that typst could not draw, beyond ASCII: every font has that."""
    texts = (_ESCAPE.sub(lambda code: chr(int(code[1], 16)), text) for text in _NO_GLYPH.findall(diagnostic))
    return {ord(letter) for text in texts for letter in text if not letter.isascii()}


def _beyond_latin(data: dict[str, Any]) -> set[int]:
    """Every letter but those that the embedded fonts certainly have."""
    return {ord(letter) for letter in json.dumps(data, ensure_ascii=False) if ord(letter) > 0x17F} - {
        ord(_STAND_IN)
    }


def _compile(data: str, at: datetime) -> bytes:
    """Run typst with the fonts that come with it (Latin, Greek, Cyrillic, Hebrew, Arabic) and those of the machine."""
    pdf = typst.compile(  # type: ignore[call-overload]  # its stubs want root to be bytes, too
        _TEMPLATE.read_bytes(),
        root=_TEMPLATE.parent,  # no file outside could be read, even by a template that asked for one
        format="pdf",
        font_paths=typst.Fonts(include_system_fonts=True, include_embedded_fonts=True),
        sys_inputs={"data": data},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=at,
    )
    return bytes(pdf)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    report = json.load(sys.stdin.buffer)
    sys.stdout.buffer.write(typeset(report, datetime.fromtimestamp(report["at"], UTC)))
