"""A program: set report.typ with the JSON on standard input, and write the PDF to standard output.

It is a process of its own because typst keeps some 90 KB of layout a row in memory. It imports nothing of the portal.
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
_STAND_IN = "□"  # for a character that no font contains
_MEMORY_BYTES = 4 * 2**30
_ATTEMPTS = 20  # each error of typst names the missing characters of one kind only


def typeset(data: dict[str, Any], at: datetime) -> bytes:
    """Return a tagged PDF/A-2a and PDF/UA-1. Both standards forbid missing glyphs and private characters: these are
    replaced by boxes."""
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
    """Return whether a character is private, a surrogate or unassigned."""
    return unicodedata.category(letter) in ("Co", "Cs", "Cn")


def _boxed(data: dict[str, Any], letters: set[int]) -> dict[str, Any]:
    """Return the data with a box in place of each of these characters, and a sentence that explains the boxes."""
    if not letters:
        return data
    drawn = json.dumps(data, ensure_ascii=False).translate(dict.fromkeys(letters, _STAND_IN))
    return {**json.loads(drawn), "boxes": data["boxes_note"]}


def _undrawable(diagnostic: str) -> set[int]:
    """Return the non-ASCII characters that typst reports as missing."""
    texts = (_ESCAPE.sub(lambda code: chr(int(code[1], 16)), text) for text in _NO_GLYPH.findall(diagnostic))
    return {ord(letter) for text in texts for letter in text if not letter.isascii()}


def _beyond_latin(data: dict[str, Any]) -> set[int]:
    """Return every character beyond Latin, which the embedded fonts certainly contain."""
    return {ord(letter) for letter in json.dumps(data, ensure_ascii=False) if ord(letter) > 0x17F} - {
        ord(_STAND_IN)
    }


def _compile(data: str, at: datetime) -> bytes:
    """Run typst with its embedded fonts (Latin, Greek, Cyrillic, Hebrew) and those of the computer."""
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
