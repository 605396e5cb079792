"""Write cells of a CSV file that no spreadsheet takes for a formula, whatever separator it splits lines at.

The rule is that of docs/trail-format.md, section 8, which the verifiers have in their own words: an apostrophe before
a cell that begins with = + - @ or what a spreadsheet reads as one of them, also after what it does not show; and the
same behind every semicolon, tab and line end within a cell. A cell that begins with an apostrophe gets one too, so that
whoever takes exactly one away there has the value back, but for those within.
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
# The same at the beginning of any of many cells.
_MARK = "\x1f"
_SOME_BEGIN = re.compile(f"{_MARK}(?:{_BEGINS.pattern})")


def neutral(value: str) -> str:
    """Write the value as a cell that is text and nothing else."""
    cell = _WITHIN.sub(r"\g<0>'", value)
    if value[:1].isalnum():  # nearly every cell, and faster than asking the expression
        return cell
    return f"'{cell}" if _BEGINS.match(value) else cell


def csv_cell(value: str) -> str:
    """Write the value as a neutral cell of RFC 4180: in quotes where it must be."""
    cell = neutral(value)
    return '"' + cell.replace('"', '""') + '"' if _needs_quotes(cell) else cell


def csv_column(values: Sequence[str]) -> Sequence[str]:
    """Write `csv_cell` of each. Nearly always nothing is to do, which one search in all of them together tells."""
    together = _MARK + _MARK.join(set(values))
    if _needs_quotes(together) or _SOME_BEGIN.search(together) or _WITHIN.search(together):
        return [csv_cell(value) for value in values]
    return values


def _needs_quotes(text: str) -> bool:
    return "," in text or '"' in text or "\n" in text or "\r" in text
