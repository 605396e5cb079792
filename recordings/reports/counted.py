"""Write a table as CSV, XLSX or PDF."""

from collections.abc import Callable, Sequence

from django.utils.translation import get_language_bidi, gettext, ngettext
from django.utils.translation import gettext_noop as _
from pydantic_core import to_json

from recordings.proof.evidence.bundle.pdf import one_line, typeset
from recordings.reports.columns import Column
from recordings.reports.facts import About
from recordings.reports.tables import as_text
from recordings.sheets.cells import csv_cell
from recordings.sheets.rows import Cell
from recordings.sheets.xlsx import Output, Workbook
from recordings.trail.phrases import isolated

SHOWN_IN_PDF = 1_000
_AT_ONCE = 1000
# Without it Excel reads UTF-8 as Latin-1.
_BYTE_ORDER_MARK = "\ufeff"
_READING = (
    _(
        "To check that the file is unchanged, put it and its .sha256 file into one folder and run the command below."
    ),
    _("This PDF is for reading. To prove that nothing was altered or left out, request an evidence bundle."),
)

Rows = Sequence[tuple[Cell, ...]]
Write = Callable[[Output, Sequence[Column], Rows, About, str], None]


def _csv(out: Output, columns: Sequence[Column], rows: Rows, _: About, name: str) -> None:
    head = ",".join(column.name for column in columns)
    out.write(f"{_BYTE_ORDER_MARK}{head}\r\n".encode())
    for row in rows:
        out.write((",".join(csv_cell(as_text(cell)) for cell in row) + "\r\n").encode())


def _jsonl(out: Output, columns: Sequence[Column], rows: Rows, _: About, name: str) -> None:
    """Write a JSON object for each row: its cells as in CSV, whole numbers as numbers."""
    for row in rows:
        named = zip(columns, row, strict=True)
        cells = {column.name: cell if isinstance(cell, int) else as_text(cell) for column, cell in named}
        out.write(to_json(cells) + b"\n")


def _xlsx(out: Output, columns: Sequence[Column], rows: Rows, about: About, name: str) -> None:
    with Workbook(out, [str(column.title) for column in columns], "Rows") as book:
        book.cover = about.facts()
        for start in range(0, len(rows), _AT_ONCE):
            book.write(rows[start : start + _AT_ONCE])


def _pdf(out: Output, columns: Sequence[Column], rows: Rows, about: About, name: str) -> None:
    shown = [place for place, column in enumerate(columns) if column.share]
    first, at = rows[:SHOWN_IN_PDF], about.asked_at
    left_out = about.rows - len(first)
    data = {
        "title": about.what,
        "at": int(at.timestamp()),
        "boxes": "",
        "date": {"year": at.year, "month": at.month, "day": at.day},
        "facts": [{"name": fact, "value": _cell(value), "code": False} for fact, value in about.facts()],
        "check": [gettext(sentence) for sentence in _READING],
        "command": f"sha256sum --check {name}.sha256",
        "footer": gettext("Report %(id)s") % {"id": about.report_id},
        "table": gettext("First %(number)s rows") % {"number": f"{len(first):,}"}
        if left_out
        else gettext("Rows"),
        "left_out": _left_out(left_out) if left_out else "",
        "columns": [str(columns[place].title) for place in shown],
        "widths": [columns[place].share for place in shown],
        "rows": [[_cell(row[place]) for place in shown] for row in first],
    }
    out.write(typeset(data))


def _cell(value: Cell) -> str:
    """Write a cell of a PDF. Times and ids stay left to right in every language."""
    text = one_line(as_text(value))
    return isolated(text) if text and not isinstance(value, str) and get_language_bidi() else text


def _left_out(number: int) -> str:
    return ngettext(
        "%(number)s more row is not in this PDF. Request Excel or CSV for all rows.",
        "%(number)s more rows are not in this PDF. Request Excel or CSV for all rows.",
        number,
    ) % {"number": f"{number:,}"}


FORMATS: dict[str, Write] = {"csv": _csv, "xlsx": _xlsx, "pdf": _pdf, "jsonl": _jsonl}
