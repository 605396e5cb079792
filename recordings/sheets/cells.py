"""Cells of a CSV file that no spreadsheet takes for a formula.

A cell that starts with = + - @, a tab, a line end or NUL – also as a full-width or small form, also after blanks –
gets a leading apostrophe (OWASP, CSV injection). A cell that starts with an apostrophe gets one too, so that
whoever takes exactly one away has the value back.
"""

import re
from collections.abc import Sequence

_RISKY = re.compile(r"['\t\r\n\0]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b]")
# The same at the beginning of any of many cells.
_MARK = "\x1f"
_SOME_RISKY = re.compile(f"{_MARK}(?:{_RISKY.pattern})")


def neutral(value: str) -> str:
    """The value as a cell that is text and nothing else."""
    if value[:1].isalnum():  # nearly every cell, and much faster than asking the expression
        return value
    return f"'{value}" if _RISKY.match(value) else value


def csv_cell(value: str) -> str:
    """The value as a neutral cell of RFC 4180: in quotes where it must be."""
    cell = value if value[:1].isalnum() else neutral(value)
    return '"' + cell.replace('"', '""') + '"' if _special(cell) else cell


def csv_column(values: Sequence[str]) -> Sequence[str]:
    """`csv_cell` of each. Nearly always nothing is to do, and one look at all of them together tells."""
    together = _MARK + _MARK.join(set(values))
    if _special(together) or _SOME_RISKY.search(together):
        return [csv_cell(value) for value in values]
    return values


def _special(text: str) -> bool:
    return "," in text or '"' in text or "\n" in text or "\r" in text


def original(cell: str) -> str:
    """The value a cell of `neutral` stands for."""
    return cell[1:] if cell.startswith("'") else cell
