"""Building a report: claimed, streamed to a file at constant memory, hashed on the way, finished or failed."""

import errno
import time
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog

from recordings.audit import Outcome
from recordings.models import Report
from recordings.permissions import Permission
from recordings.policies import can
from recordings.proof.evidence.errors import CannotBuild
from recordings.reports import bundles, files, leases, lines, pieces
from recordings.reports.actions import fail_report, finish_report
from recordings.reports.trail import Slice, Wanted, snapshot
from recordings.trail.filters import TrailFilters

logger = structlog.get_logger("portal.reports")

NO_SPACE = (
    "No space left where reports are kept. Ask whoever runs the portal to make room, then request it again."
)
NOT_WRITABLE = "The folder for reports cannot be written. Ask whoever runs the portal to look at REPORTS_DIR."
NO_RIGHT = "Whoever asked for it may no longer export reports."
CUT_SHORT = f"The work was cut short {leases.ATTEMPTS} times. Request it again; if that fails too, narrow the filters."
RENEW_SECONDS = 0.5


def build(report_id: UUID) -> None:
    """Build one report, if nobody else does. Ends with a row that is ready or failed, or leaves it to be claimed
    again when this process does not survive."""
    report = leases.claim(report_id)
    if report is None:
        return
    if report.attempts > leases.ATTEMPTS:
        fail_report(report=report, sentence=CUT_SHORT)
    elif not can(report.requested_by, Permission.EXPORT_REPORTS):
        fail_report(report=report, sentence=NO_RIGHT, outcome=Outcome.DENIED)
    else:
        _try(report)


def _try(report: Report) -> None:
    try:
        _write(report)
    except leases.LeaseLost:
        logger.warning("report taken over by another worker", report=str(report.pk))
    except CannotBuild as error:
        fail_report(report=report, sentence=error.sentence)
    except OSError as error:
        logger.error(
            "report not written", report=str(report.pk), error=errno.errorcode.get(error.errno or 0, "")
        )
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fail_report(report=report, sentence=NO_SPACE if full else NOT_WRITABLE)


def _write(report: Report) -> None:
    if report.format == bundles.FORMAT:
        bundles.write(report)
    else:
        _write_rows(report)


def _write_rows(report: Report) -> None:
    form = lines.FORMATS[report.format]
    wanted = Wanted(TrailFilters.from_detail(report.filters), report.last_event_id, form.without)
    with snapshot(wanted) as events, files.Draft(report.pk, report.attempts) as draft:
        slices = events.slices()
        expected = sum(one.events for one in slices)
        leases.renew(report, rows_done=0, rows_expected=expected)
        if not files.room_for(expected * form.row_bytes):
            raise OSError(errno.ENOSPC, "no room for this report")
        with pieces.made(events, wanted, report.format, slices) as made:
            _stream(report, form, zip(slices, made, strict=True), draft, expected)
        sha256 = draft.finish(files.file_of(report))
    name = files.name_of(report)
    finish_report(report=report, file_name=name, size_bytes=draft.size_bytes, rows=expected, sha256=sha256)


def _stream(
    report: Report, form: lines.Format, made: Iterable[tuple[Slice, Any]], draft: files.Draft, expected: int
) -> None:
    rows, renewed = 0, time.monotonic()
    with form.to(draft) as append:
        for one, piece in made:
            append(piece)
            rows += one.events
            if time.monotonic() - renewed > RENEW_SECONDS:
                leases.renew(report, rows_done=rows, rows_expected=expected)
                renewed = time.monotonic()
