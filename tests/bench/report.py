"""A report as a file through our whole path, against the usual ways.

CSV and JSON Lines beside `COPY … TO STDOUT` of the same columns by the server alone. Our path opens what the server
cannot: every name, note, label and address rests encrypted under its person's key, and every line says its event in
words. COPY gets the ciphertexts in those columns, and no words.

XLSX beside xlsxwriter in its mode for large files, which gets the same rows, opened by us.

All go through SHA-256 or zip into a file on the same disk; the rounds alternate, the best of each counts. Memory is
what the worker and its children have in use at the most, beyond what the worker had before; shared pages count once.
"""

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory

import xlsxwriter
from django.conf import settings
from django.db import connection
from django.test import override_settings

from auditportal.embedded import Services
from recordings.models import AuditEvent, Report
from recordings.models.fields import uuid7
from recordings.reach import EVERYTHING
from recordings.reports import files, lines
from recordings.reports.events import Wanted, snapshot
from recordings.sheets.xlsx import Workbook
from recordings.trail.filters import TrailFilters
from tests.bench import logs
from tests.bench.memory import family_watched
from tests.bench.results import Measured
from tests.factories import person

ROUNDS = 3 if logs.EVENTS < 300_000 else 1
ALONE = 20_000
_COPIED = "COPY of the same columns, names left encrypted, no sentences (time, ours / theirs)"
_UTC = """to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def _private(field: str) -> str:
    return f"p.sealed[array_position(p.fields, '{field}')]"


COPY = f"""
COPY (
    SELECT e.id AS event_no, {_UTC.format("e.recorded_at")} AS recorded_at,
           {_UTC.format("e.occurred_at")} AS occurred_at,
           e.kind, e.outcome, e.actor_ref, {_private("actor.name")} AS actor_name, e.actor_role, e.purpose,
           {_private("purpose.note")} AS note, e.target_kind, e.target_ref, {_private("object.label")} AS label,
           CASE WHEN e.target_kind = 'object' THEN e.target_ref ELSE e.parent_ref END AS object,
           {_private("source.ip")} AS address,
           e.request_id, e.event_id, encode(e.body_hash, 'hex') AS body_sha256
    FROM audit.event e
    LEFT JOIN audit.personal p USING (event_id)
    ORDER BY e.id
) TO STDOUT (FORMAT csv, HEADER)
"""


def measure() -> Iterator[Measured]:
    """Events a second of each format, their ratios, and how much memory a report adds to its process."""
    with (
        logs.big_trail() as services,
        TemporaryDirectory() as folder,
        override_settings(REPORTS_DIR=Path(folder)),
    ):
        count = AuditEvent.objects.count()
        ours = _Ours(services)
        csv, copy = _side_by_side(lambda: ours.build("csv"), lambda: _seconds(lambda: _copy(Path(folder))))
        yield Measured(
            "report as CSV, names opened and sentences written", count / csv, "events/s", csv / copy, _COPIED
        )
        exact, copy = _side_by_side(
            lambda: ours.build("jsonl"), lambda: _seconds(lambda: _copy(Path(folder)))
        )
        yield Measured("report as JSON Lines, exact bytes", count / exact, "events/s", exact / copy, _COPIED)
        xlsx, theirs = (
            ours.build("xlsx"),
            _seconds(lambda: _all_rows_by_xlsxwriter(Path(folder))),
        )
        yield Measured("report as XLSX, the whole path", count / xlsx, "events/s", theirs / xlsx,
                       "the same rows through xlsxwriter, constant_memory")  # fmt: skip
        alone, theirs = _xlsx_alone(Path(folder))
        yield Measured("XLSX, rows in memory written", ALONE / alone, "rows/s", theirs / alone,
                       "xlsxwriter, constant_memory")  # fmt: skip
        for format, added in ours.added.items():
            yield Measured(f"report as {format.upper()}, memory it adds", added, "MiB")


def _side_by_side(ours: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
    """The best time of each, in seconds, of rounds that take turns."""
    times = [(ours(), theirs()) for _ in range(ROUNDS)]
    return min(mine for mine, _ in times), min(other for _, other in times)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class _Ours:
    """Reports, each built by a process of its own. `added` is the most that one of a format needed beyond that, its
    children included."""

    def __init__(self, services: Services) -> None:
        self._environment = os.environ | {
            "DATABASE_URL": services.database_url,
            "REPORTS_DIR": str(settings.REPORTS_DIR),
        }
        self._requester = person("compliance_officer", f"bench.{uuid7().hex[-8:]}")
        self.added: dict[str, float] = {}

    def build(self, format: str) -> float:
        """Seconds that a report takes."""
        newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True)[0]
        report = Report.objects.create(requested_by=self._requester, format=format, last_event_id=newest)
        command = [sys.executable, "-m", "tests.bench.builder", str(report.pk)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, env=self._environment, **pipes) as builder:  # type: ignore[call-overload]
            builder.stdout.readline()
            with family_watched(builder.pid) as seen:
                said, _ = builder.communicate(b"go\n")
        report.refresh_from_db()
        if report.state != "ready":
            raise RuntimeError(f"the report is {report.state}: {report.error}")
        files.file_of(report).unlink()
        self.added[format] = max(self.added.get(format, 0.0), max(seen) - seen[0])
        return float(said)


def _copy(folder: Path) -> str:
    digest = hashlib.sha256()
    with connection.cursor() as cursor, (folder / "copy.csv").open("wb") as file, cursor.copy(COPY) as copy:
        for block in copy:
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


def _xlsx_alone(folder: Path) -> tuple[float, float]:
    """Seconds of writing rows that are in memory: ours, xlsxwriter's."""
    with _rows() as all_rows:
        rows = [*islice(all_rows, ALONE)]
    with (folder / "ours.xlsx").open("wb") as out, Workbook(out, lines.COLUMNS) as book:
        ours = _seconds(lambda: book.write(rows))
    return ours, _seconds(lambda: _xlsxwriter(folder, rows))


def _xlsxwriter(folder: Path, rows: Iterable[Sequence[str]]) -> None:
    as_text = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(folder / "theirs.xlsx", {"constant_memory": True, **as_text}) as book:
        sheet = book.add_worksheet("Events")
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)


def _all_rows_by_xlsxwriter(folder: Path) -> None:
    with _rows() as rows:
        _xlsxwriter(folder, rows)


@contextmanager
def _rows() -> Iterator[Iterator[tuple[str, ...]]]:
    with snapshot(Wanted(TrailFilters(), EVERYTHING, 2**62, lines.FORMATS["xlsx"].without)) as events:
        yield map(lines.row, chain.from_iterable(map(events.read, events.slices())))
