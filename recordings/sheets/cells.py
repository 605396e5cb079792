"""Write CSV cells that no spreadsheet interprets as a formula, whatever separator it uses.

The rule is docs/trail-format.md, section 8, which the verifiers implement independently. An apostrophe is put before a
cell that begins with = + - @ or a character that spreadsheets treat like one of them, even after invisible characters;
and after each semicolon, tab or line end within a cell that such a character follows. A cell that begins with an
apostrophe gets another one. Removing exactly one leading apostrophe therefore restores the value, except for those
inserted within it.
"""

import re
from collections.abc import Sequence

_FORMULA = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
_UNSEEN = (
    '\\x00-\\x08\\x0b\\x0c\\x0e-\\x20"\\x7f-\\xa0\\xad\u061c\u1680\u180e'
    "\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff"
)
_BEGINS = re.compile(f"['\\t\\r\\n\\x00]|[{_UNSEEN}]*[{_FORMULA}]")
_WITHIN = re.compile(f"[;\\t\\r\\n](?=[{_UNSEEN}]*[{_FORMULA}])")
# To search the beginnings of many cells at once, they are joined with this character.
_MARK = "\x1f"
_SOME_BEGIN = re.compile(f"{_MARK}(?:{_BEGINS.pattern})")


def neutral(value: str) -> str:
    """Return the value as a cell that is only text."""
    cell = _WITHIN.sub(r"\g<0>'", value)
    if value[:1].isalnum():  # true for nearly every cell, and faster than the expression
        return cell
    return f"'{cell}" if _BEGINS.match(value) else cell


def csv_cell(value: str) -> str:
    """Return the value as a neutral cell of RFC 4180, quoted if necessary."""
    cell = neutral(value)
    return '"' + cell.replace('"', '""') + '"' if _needs_quotes(cell) else cell


def csv_column(values: Sequence[str]) -> Sequence[str]:
    """Return `csv_cell` of each value. A single search in all of them usually shows that nothing needs to change."""
    joined = _MARK + _MARK.join(set(values))
    if _needs_quotes(joined) or _SOME_BEGIN.search(joined) or _WITHIN.search(joined):
        return [csv_cell(value) for value in values]
    return values


def _needs_quotes(text: str) -> bool:
    return "," in text or '"' in text or "\n" in text or "\r" in text
