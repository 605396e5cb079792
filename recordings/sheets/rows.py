"""Format rows as sheet XML. Texts are inline strings. Moments and lengths are numbers with a format, in UTC.

Numbers are numbers as long as a double can represent them exactly.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from xml.sax.saxutils import escape

from recordings.sheets.cells import neutral

CELL_UNITS = 32_767  # UTF-16 units in a cell; with more, Excel reports a damaged file
_MEASURED_ROWS = 1000  # rows from which the column widths are measured
_CACHED_CELLS, _LONGEST_CACHED = 20_000, 200
HEAD, _QUOTED, _MOMENT, _LENGTH = 1, 2, 3, 4  # styles
_DAY = timedelta(days=1)
_DAY_0 = datetime(1899, 12, 30, tzinfo=UTC)
# Excel counts a 29 February 1900, which did not exist. Earlier moments are written as text.
_FIRST_MOMENT = datetime(1900, 3, 1, tzinfo=UTC)
_ROW_END = b"</row>"

Cell = str | int | Decimal | datetime | timedelta  # a moment has a time zone

_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
# Matches most texts, which need no escaping, quoting or space preservation and fit into a cell.
_PLAIN = re.compile(r"[0-9A-Za-z](?:[ -%'-;=?-^`-~]{0,1000}[!-%'-;=?-^`-~])?")


class Block(NamedTuple):
    """Rows as sheet XML, and the widths of their columns (empty if not measured)."""

    xml: bytes
    rows: int
    widths: list[int]

    def split(self, rows: int) -> tuple["Block", "Block"]:
        """Split off the first rows. No text contains the end tag of a row, because its brackets are escaped."""
        *head, rest = self.xml.split(_ROW_END, rows)
        first = b"".join(row + _ROW_END for row in head)
        return Block(first, len(head), self.widths), Block(rest, self.rows - len(head), self.widths)


NO_ROWS = Block(b"", 0, [])


class Rows:
    """Formats rows as blocks. Caches cells, so that later blocks are faster."""

    def __init__(self) -> None:
        self._cells = _Cells()
        self._measured = False

    def block(self, rows: Sequence[Sequence[Cell]]) -> Block:
        """Format these rows as XML. The column widths are measured in the first block."""
        measured = [] if self._measured else widths(rows[:_MEASURED_ROWS])
        self._measured = True
        return Block(self._cells.rows(rows), len(rows), measured)


class _Cells(dict[Cell, str]):
    """A cache of the XML of cells, because most values of a trail occur repeatedly."""

    def rows(self, rows: Iterable[Sequence[Cell]]) -> bytes:
        if len(self) > _CACHED_CELLS:
            self.clear()
        xml_of = self.__getitem__
        return "".join([f"<row>{''.join(map(xml_of, row))}</row>" for row in rows]).encode()

    def __missing__(self, value: Cell) -> str:
        if isinstance(value, datetime):  # not cached, because moments hardly ever repeat
            return moment_cell(value)
        if isinstance(value, timedelta):
            return f'<c s="{_LENGTH}"><v>{value / _DAY:.11f}</v></c>'
        # A double represents only 15 digits exactly.
        is_number = isinstance(value, Decimal) or (isinstance(value, int) and abs(value) < 10**15)
        xml = f"<c><v>{value}</v></c>" if is_number else text_cell(str(value))
        if len(xml) < _LONGEST_CACHED:
            self[value] = xml
        return xml


def moment_cell(value: datetime) -> str:
    """Format a moment as a spreadsheet's number, to the microsecond; it is displayed to the second."""
    if value < _FIRST_MOMENT:
        return text_cell(f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}")
    return f'<c s="{_MOMENT}"><v>{(value - _DAY_0) / _DAY:.11f}</v></c>'


def text_cell(value: str, style: int = 0) -> str:
    """Format a cell of text. A text that could become a formula when edited is marked as quoted."""
    if not style and _PLAIN.fullmatch(value):
        return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
    if not value:
        return "<c/>"
    style = style or (_QUOTED if neutral(value) != value else 0)
    space = ' xml:space="preserve"' if value != value.strip() or "\n" in value else ""
    style_attribute = f' s="{style}"' if style else ""
    return f'<c{style_attribute} t="inlineStr"><is><t{space}>{_characters(value)}</t></is></c>'


def _characters(value: str) -> str:
    """Escape a text for XML 1.0. Characters that XML cannot express become _xHHHH_, as in Office.

    So does the underscore of a text that only looks like such an escape.
    """
    if len(value) > CELL_UNITS // 2:
        value = _shortened(value)
    return escape(_NOT_XML.sub(lambda match: f"_x{ord(match[0]):04X}_", value))


def _shortened(value: str) -> str:
    """Cut a text to the size of a cell, with a note about that in the cell."""
    if len(value.encode("utf-16-le", "surrogatepass")) <= CELL_UNITS * 2:
        return value
    note = f"… [{len(value):,} characters, too many for a cell; the CSV has the whole text]"
    kept = value.encode("utf-16-le", "surrogatepass")[: (CELL_UNITS - len(note)) * 2]
    return kept.decode("utf-16-le", "ignore") + note


def widths(rows: Sequence[Sequence[Cell]]) -> list[int]:
    """Measure the column widths, from 10 to 60 characters."""
    return [min(60, max(10, *(_width(cell) + 2 for cell in column))) for column in zip(*rows, strict=True)]


def _width(cell: Cell) -> int:
    return 19 if isinstance(cell, datetime) else 8 if isinstance(cell, timedelta) else len(str(cell))
