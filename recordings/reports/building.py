"""Build a report: claim it, write and hash its file, finish it or mark it as failed."""

import errno
import time
from collections.abc import Iterator, Sequence
from uuid import UUID

import structlog
from django.utils import translation
from django.utils.translation import gettext_noop as _

from recordings.audit import Outcome
from recordings.models import Report, ReportKind
from recordings.proof.evidence.errors import CannotBuild
from recordings.reports import bundles, counted, files, leases, lines, of_evaluations, pieces
from recordings.reports.actions import fail_report, finish_report
from recordings.reports.events import Line, Slice, Snapshot, Wanted, snapshot
from recordings.reports.facts import About
from recordings.reports.queries import filters_in_words
from recordings.reports.rights import RightWithdrawn, ScopeNarrowed, check_right, reach_now
from recordings.reports.tables import TABLES
from recordings.trail.filters import TrailFilters
from recordings.trail.word_index import BATCH, index_next

logger = structlog.get_logger("portal.reports")

# Stored in English, translated when shown.
NO_SPACE = _(
    "There is no space left for reports. Ask the portal's operator to free some, then request it again."
)
NOT_WRITABLE = _("The folder for reports is not writable. Ask the portal's operator to check REPORTS_DIR.")
NO_RIGHT = _("The person who requested it may no longer export reports.")
SCOPE_NARROWED = _(
    "The scope in which the person who requested it may export reports changed while it was built. Request it again."
)
CUT_SHORT = _(
    "Building was interrupted three times. Request it again with narrower filters."
)  # leases.ATTEMPTS
RENEW_SECONDS = 0.5


def build(report_id: UUID) -> None:
    """Build a report unless another worker does. If this process dies, the report can be claimed again."""
    # 1. One worker at a time holds the lease in the row.
    report = leases.claim(report_id)
    if report is None:
        return
    # 2. Give up when it ended its workers before.
    if report.attempts > leases.ATTEMPTS:
        fail_report(report=report, sentence=CUT_SHORT)
        return
    # 3. The file, then row and event of the finished report in one transaction; or those of the failure. It covers what
    #    the person may export now, and a right may be withdrawn meanwhile. What programs read is in English; a PDF is
    #    in the language that the person chose.
    try:
        leases.set_reach(report, reach_now(report))
        with translation.override(report.language if report.format == "pdf" else "en"):
            if report.format == bundles.FORMAT:
                bundles.write(report)
            elif not ReportKind(report.kind).is_of_trail:
                of_evaluations.write(report)
            elif report.kind == ReportKind.EVENTS and report.format in lines.FORMATS:
                _write_rows(report)
            else:
                _write_table(report)
    except leases.LeaseLost:
        logger.warning("report taken over by another worker", report=str(report.pk))
    except RightWithdrawn as error:
        reason = SCOPE_NARROWED if isinstance(error, ScopeNarrowed) else NO_RIGHT
        fail_report(report=report, sentence=reason, outcome=Outcome.DENIED)
    except CannotBuild as error:
        fail_report(report=report, sentence=str(error))
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, "")
        logger.error("report not written", report=str(report.pk), error=code)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        fail_report(report=report, sentence=NO_SPACE if full else NOT_WRITABLE)


def _write_rows(report: Report) -> None:
    """Write events as CSV, XLSX or JSON Lines, in constant memory. Raises LeaseLost, RightWithdrawn, OSError."""
    form = lines.FORMATS[report.format]
    filters = TrailFilters.from_detail(report.filters)
    wanted = Wanted(filters, report.reach, report.last_event_id, form.without)
    _index_words(report)
    with snapshot(wanted) as events, files.Draft(report.pk, report.attempts) as draft:
        # 1. Count the events in the snapshot that is then read.
        slices = events.slices()
        expected = sum(part.events for part in slices)
        leases.renew(report, rows_done=0, rows_expected=expected)
        if not files.room_for(expected * form.row_bytes):
            raise OSError(errno.ENOSPC, "no room for this report")
        # 2. Write slice by slice into the draft; save progress and extend the lease regularly.
        rows, renewed = 0, time.monotonic()
        facts = About.of(report, filters_in_words(report), expected).facts()
        encoding = pieces.encoded(events, wanted, report.format, slices)
        with encoding as encoded, form.to(draft, facts) as append:
            for part, piece in zip(slices, encoded, strict=True):
                append(piece)
                rows += part.events
                if time.monotonic() - renewed > RENEW_SECONDS:
                    leases.renew(report, rows_done=rows, rows_expected=expected)
                    renewed = time.monotonic()
        # 3. The draft gets its name when it is complete and on disk, and may still be made for this person.
        check_right(report)
        sha256 = draft.finish(files.file_of(report))
    name = files.name_of(report)
    finish_report(report=report, file_name=name, size_bytes=draft.size_bytes, rows=expected, sha256=sha256)


def _write_table(report: Report) -> None:
    """Write viewings, access by person, or a PDF of events. Raises LeaseLost, RightWithdrawn, OSError,
    CannotBuild."""
    filters = TrailFilters.from_detail(report.filters)
    table = TABLES[report.kind]
    _index_words(report)
    with files.Draft(report.pk, report.attempts) as draft:
        # 1. Read the events once, in one snapshot.
        wanted = Wanted(table.asks(filters), report.reach, report.last_event_id, lines.NOT_IN_TABLES)
        with snapshot(wanted) as events:
            slices, is_counted = events.slices(), report.kind != ReportKind.EVENTS
            # A PDF of events shows no more than the first slice has.
            read = slices if is_counted else slices[:1]
            rows = table.collect(_read(report, events, read), filters)
            count = len(rows) if is_counted else sum(part.events for part in slices)
        # 2. Write the file: the facts about it, then the rows.
        about = About.of(report, filters_in_words(report), count)
        name = files.name_of(report)
        counted.FORMATS[report.format](draft, table.columns, rows, about, name)
        check_right(report)
        sha256 = draft.finish(files.file_of(report))
    finish_report(report=report, file_name=name, size_bytes=draft.size_bytes, rows=count, sha256=sha256)


def _read(report: Report, events: Snapshot, slices: Sequence[Slice]) -> Iterator[Line]:
    """Read the events slice by slice; save progress and extend the lease regularly."""
    done, renewed = 0, 0.0
    expected = sum(part.events for part in slices)
    for part in slices:
        if time.monotonic() - renewed > RENEW_SECONDS:
            leases.renew(report, rows_done=done, rows_expected=expected)
            renewed = time.monotonic()
        yield from events.read(part)
        done += part.events


def _index_words(report: Report) -> None:
    """Index the words of every sealed event when the report is filtered by words."""
    if TrailFilters.from_detail(report.filters).words:
        while index_next() == BATCH:
            leases.renew(report, rows_done=0, rows_expected=None)
