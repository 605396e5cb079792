"""Reports of evaluations: one row per evaluation, or their numbers. What they select is a Selection, not filters."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from recordings.audit.snapshot import snapshot
from recordings.models import Report, ReportKind
from recordings.reports import counted, files, leases
from recordings.reports.actions import finish_report
from recordings.reports.columns import Column
from recordings.reports.facts import About
from recordings.reports.queries import filters_in_words
from recordings.reports.rights import check_right
from recordings.reviews.numbers import number_rows, score_rows
from recordings.reviews.numbers.selection import Selection
from recordings.sheets.cells import csv_column
from recordings.sheets.rows import Cell
from recordings.sheets.xlsx import Output, Workbook

FORMATS = ("csv", "xlsx", "pdf")
RENEW_SECONDS = 0.5
_BYTE_ORDER_MARK = "\ufeff"
Rows = Sequence[tuple[Cell, ...]]


def write(report: Report) -> None:
    """Write the file of a claimed report. Raises LeaseLost, RightWithdrawn, OSError."""
    selection = Selection.from_detail(report.filters)
    with files.Draft(report.pk, report.attempts) as draft:
        if report.kind == ReportKind.NUMBERS:
            rows = number_rows.number_rows(selection, report.reach)
            count = _write_table(report, draft, number_rows.COLUMNS, rows, len(rows))
        else:
            count = _write_scores(report, draft, selection)
        check_right(report)
        sha256 = draft.finish(files.file_of(report))
    name = files.name_of(report)
    finish_report(report=report, file_name=name, size_bytes=draft.size_bytes, rows=count, sha256=sha256)


def _write_scores(report: Report, draft: files.Draft, selection: Selection) -> int:
    """Write one row per evaluation, from one snapshot and in constant memory; a PDF has the first rows."""
    with snapshot() as connection:
        expected = score_rows.count_scores(connection, selection, report.reach)
        leases.renew(report, rows_done=0, rows_expected=expected)
        batches = score_rows.read_scores(connection, selection, report.reach)
        if report.format == "pdf":
            rows: list[tuple[Cell, ...]] = []
            while len(rows) < counted.SHOWN_IN_PDF and (batch := next(batches, None)):
                rows += batch
            return _write_table(report, draft, score_rows.COLUMNS, rows, expected)
        about = About.of(report, filters_in_words(report), expected)
        done, renewed = 0, time.monotonic()
        with _FILES[report.format](draft, about) as append:
            for batch in batches:
                append(batch)
                done += len(batch)
                if time.monotonic() - renewed > RENEW_SECONDS:
                    leases.renew(report, rows_done=done, rows_expected=expected)
                    renewed = time.monotonic()
    return expected


def _write_table(
    report: Report, out: Output, columns: Sequence[score_rows.RowColumn], rows: Rows, count: int
) -> int:
    about = About.of(report, filters_in_words(report), count)
    shown = [Column(*column) for column in columns]
    counted.FORMATS[report.format](out, shown, rows, about, files.name_of(report))
    return count


@contextmanager
def _csv(out: Output, about: About) -> Iterator[Any]:
    head = ",".join(column.name for column in score_rows.COLUMNS)
    out.write(f"{_BYTE_ORDER_MARK}{head}\r\n".encode())

    def append(rows: Rows) -> None:
        columns = map(csv_column, zip(*map(score_rows.csv_texts, rows), strict=True))
        out.write("".join([f"{','.join(cells)}\r\n" for cells in zip(*columns, strict=True)]).encode())

    yield append


@contextmanager
def _xlsx(out: Output, about: About) -> Iterator[Any]:
    titles = [str(column.title) for column in score_rows.COLUMNS]
    with Workbook(out, titles, "Evaluations") as book:
        book.cover = about.facts()
        yield book.write


_FILES: dict[str, Any] = {"csv": _csv, "xlsx": _xlsx}
