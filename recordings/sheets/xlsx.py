"""Write a workbook in one pass with constant memory: rows become sheet XML, which is zipped into any file.

Texts are inline strings, never formulas. Moments and lengths are numbers with a format. The head is frozen and has a
filter. Rows beyond the limit of a sheet continue in the next one. An optional cover of names and values is the first
sheet, written last.
"""

import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self
from xml.sax.saxutils import escape

from recordings.sheets.rows import HEAD, NO_ROWS, Block, Cell, Rows, text_cell, widths

SHEET_ROWS = 1_048_576  # the limit of spreadsheets, including the head
SHEET_BYTES = 1_500_000_000  # a larger part would need ZIP64, which older spreadsheets refuse
_LEVEL = 1  # a higher level takes five times as long and saves only a tenth of the size
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

_STYLES = (
    f'{_XML}<styleSheet xmlns="{_MAIN}">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
    '</fills><borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" quotePrefix="1" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="46" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)


class Output(Protocol):
    """The target of a workbook: a file, or anything else to which bytes can be written in sequence."""

    def write(self, data: bytes, /) -> int: ...
    def flush(self) -> object: ...


class Workbook:
    """A workbook to which rows are added in batches. The first batch determines the column widths.

    Use it in a `with` block. It is complete at the end of the block; after an exception, no spreadsheet can open it.
    """

    def __init__(self, out: Output, columns: Sequence[str], sheet: str = "Events") -> None:
        self._zip = zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)  # type: ignore[call-overload]
        self._columns, self._name = columns, sheet
        self.cover: Sequence[tuple[str, Cell]] = ()
        self._widths: list[int] = []
        self._rows = Rows()
        self._sheets: list[_Sheet] = []
        self._zip.writestr("_rels/.rels", _relations([("officeDocument", "xl/workbook.xml")]))
        self._zip.writestr("xl/styles.xml", _STYLES)

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        """Append rows, in another sheet when this one is full. Each row has as many cells as there are columns."""
        if rows:
            self.append(self._rows.block(rows))

    def append(self, block: Block) -> None:
        """Append rows that are formatted already."""
        heads = widths([self._columns])
        self._widths = self._widths or [*map(max, heads, block.widths or heads)]
        while block.rows:
            sheet = self._open_sheet()
            first, block = block.split(sheet.room) if block.rows > sheet.room else (block, NO_ROWS)
            sheet.write(first.xml, first.rows)

    def _open_sheet(self) -> "_Sheet":
        if not (self._sheets and self._sheets[-1].room):
            if self._sheets:
                self._sheets[-1].close()
            self._sheets.append(_Sheet(self._zip, len(self._sheets) + 1, self._columns, self._widths))
        return self._sheets[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        if kind is None:
            self._finish()
            return
        with suppress(OSError, ValueError):
            if self._sheets:
                self._sheets[-1].close()
            self._zip.close()

    def _finish(self) -> None:
        self._widths = self._widths or widths([self._columns])
        (self._sheets[-1] if self._sheets else self._open_sheet()).close()
        parts = [f"xl/worksheets/sheet{number}.xml" for number, _ in enumerate(self._sheets, 1)]
        is_single = len(parts) == 1
        names = [self._name] if is_single else [f"{self._name} {number}" for number, _ in enumerate(parts, 1)]
        if self.cover:
            parts, names = ["xl/worksheets/about.xml", *parts], ["About", *names]
            self._zip.writestr(parts[0], _cover(self.cover))
        self._zip.writestr("xl/workbook.xml", _workbook(names))
        targets = [("worksheet", part[3:]) for part in parts]
        self._zip.writestr("xl/_rels/workbook.xml.rels", _relations([*targets, ("styles", "styles.xml")]))
        self._zip.writestr("[Content_Types].xml", _content_types(parts))
        self._zip.close()


class _Sheet:
    """One sheet, written into the zip."""

    def __init__(
        self, archive: zipfile.ZipFile, number: int, columns: Sequence[str], widths: Sequence[int]
    ) -> None:
        info = zipfile.ZipInfo(f"xl/worksheets/sheet{number}.xml")
        info.compress_type, info._compresslevel = zipfile.ZIP_DEFLATED, _LEVEL  # type: ignore[attr-defined]
        self._part = archive.open(info, "w")
        self._rows = self._bytes = 0
        self._width = len(columns)
        self.write(_sheet_head(columns, widths).encode(), 1)

    @property
    def room(self) -> int:
        """How many more rows fit."""
        return max(0, SHEET_ROWS - self._rows) if self._bytes < SHEET_BYTES else 0

    def write(self, xml: bytes, rows: int) -> None:
        self._part.write(xml)
        self._rows, self._bytes = self._rows + rows, self._bytes + len(xml)

    def close(self) -> None:
        if not self._part.closed:
            end = f'</sheetData><autoFilter ref="A1:{_letters(self._width)}{self._rows}"/></worksheet>'
            self._part.write(end.encode())
            self._part.close()


def _sheet_head(columns: Sequence[str], widths: Sequence[int]) -> str:
    cols = "".join(
        f'<col min="{number}" max="{number}" width="{width}" customWidth="1"/>'
        for number, width in enumerate(widths, 1)
    )
    head = "".join(text_cell(name, HEAD) for name in columns)
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{cols}</cols><sheetData><row>{head}</row>"
    )


def _letters(column: int) -> str:
    """Return the name of the n-th column: A, …, Z, AA, …"""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _cover(facts: Sequence[tuple[str, Cell]]) -> str:
    rows = Rows().block([(value,) for _, value in facts]).xml.decode().split("<row>")[1:]
    named = (f"<row>{text_cell(name, HEAD)}{row}" for (name, _), row in zip(facts, rows, strict=True))
    return (
        f'{_XML}<worksheet xmlns="{_MAIN}"><cols><col min="1" max="1" width="26" customWidth="1"/>'
        '<col min="2" max="2" width="100" customWidth="1"/></cols>'
        f"<sheetData>{''.join(named)}</sheetData></worksheet>"
    )


def _workbook(names: Sequence[str]) -> str:
    sheets = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
        for number, name in enumerate(names, 1)
    )
    return f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>'


def _relations(targets: Iterable[tuple[str, str]]) -> str:
    lines = "".join(
        f'<Relationship Id="rId{number}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, 1)
    )
    return f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{lines}</Relationships>'


def _content_types(sheets: Iterable[str]) -> str:
    kinds = [("xl/workbook.xml", "sheet.main"), ("xl/styles.xml", "styles")]
    kinds += [(part, "worksheet") for part in sheets]
    parts = "".join(
        f'<Override PartName="/{part}" ContentType="{_TYPE}.{kind}+xml"/>' for part, kind in kinds
    )
    return (
        f'{_XML}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{parts}</Types>'
    )
