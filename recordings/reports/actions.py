"""What changes a report. Each change and its event are one transaction."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Target, record, record_committed
from recordings.audit.event import Detail
from recordings.exceptions import PortalError
from recordings.models import AuditEvent, Report, ReportKind, ReportState
from recordings.proof.evidence.bundle.scope import Scope
from recordings.reports import leases
from recordings.trail.filters import TrailFilters

BUNDLE = "bundle"
BUILDER = Actor.system("reports")
AT_ONCE = 5


class TooManyReports(PortalError):
    """Enough of this person's reports wait or are being built."""

    status = 429
    sentence = f"{AT_ONCE} of your reports are not done yet. Wait until one is, then ask for the next."


def _kind(kind: str) -> dict[str, str]:
    """What a row of the report is, as events say it; nothing for events, as it was before there were other kinds."""
    return {} if kind == ReportKind.EVENTS else {"kind": str(kind)}


def target_of(report: Report) -> Target:
    return Target("report", f"report:{report.pk}")


@transaction.atomic
def request_report(
    *,
    filters: TrailFilters,
    format: str,
    requested_by: Any,
    by: Actor,
    kind: str = ReportKind.EVENTS,
    words: str = "",
) -> Report:
    """Ask for the trail as a file. `words` is what was typed for the filters: it may be a name. Which event is the
    newest in it is fixed here, however late it is built; what a bundle is about stands in the event, which travels in
    it.

    Raises TooManyReports while five of this person's are not done, AuditUnavailable when the request cannot be
    recorded, CannotBuild with a sentence when a bundle cannot be about that; then there is no report either.
    """
    with connection.cursor() as cursor:
        # One request of a person after the other, so that many at once are counted too.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('recordings.reports.request'), %s)", [requested_by.pk]
        )
    unfinished = (ReportState.WAITING, ReportState.BUILDING)
    if Report.objects.filter(requested_by=requested_by, state__in=unfinished).count() >= AT_ONCE:
        raise TooManyReports
    scope = {"scope": Scope.asked(filters, timezone.now()).as_claim()} if format == BUNDLE else {}
    newest = AuditEvent.objects.aggregate(newest=Max("id"))["newest"] or 0
    report = Report.objects.create(
        requested_by=requested_by, kind=kind, format=format, filters=filters.as_detail(), last_event_id=newest
    )
    record(
        Kind.REPORT_REQUESTED,
        by=by,
        target=target_of(report),
        outcome=Outcome.GRANTED,
        detail={
            "format": format,
            "filters": filters.as_logged(),
            "last_event": newest,
            **_kind(kind),
            **scope,
        },
        private={"q": words} if words and not scope else None,
    )
    return report


@transaction.atomic
def finish_report(
    *, report: Report, file_name: str, size_bytes: int, rows: int, sha256: str, proven: Detail | None = None
) -> None:
    """Mark the report as ready; `proven` is what a bundle says of itself. Raises LeaseLost when another worker has
    taken over meanwhile."""
    updated = leases.mine(report).update(
        state=ReportState.READY,
        leased_until=None,
        file_name=file_name,
        size_bytes=size_bytes,
        sha256=sha256,
        rows_done=rows,
        rows_expected=rows,
        built_at=timezone.now(),
    )
    if not updated:
        raise leases.LeaseLost
    record(
        Kind.REPORT_BUILT,
        by=BUILDER,
        target=target_of(report),
        detail={
            "rows": rows,
            "size_bytes": size_bytes,
            "sha256": sha256,
            "file_name": file_name,
            **_kind(report.kind),
            **(proven or {}),
        },
    )


@transaction.atomic
def fail_report(*, report: Report, sentence: str, outcome: Outcome = Outcome.ERROR) -> None:
    """Give up, with a sentence for whoever asked. Does nothing when another worker has taken over."""
    failed = leases.mine(report).update(state=ReportState.FAILED, leased_until=None, error=sentence)
    if failed:
        record(
            Kind.REPORT_FAILED,
            by=BUILDER,
            target=target_of(report),
            outcome=outcome,
            detail={"reason": sentence},
        )


def record_download(*, report: Report, first_byte: int, by: Actor) -> None:
    """Commit to the trail that the file leaves. Raises AuditUnavailable; then it must not."""
    detail = {"file_name": report.file_name, "sha256": report.sha256, "size_bytes": report.size_bytes or 0}
    if first_byte:
        detail["first_byte"] = first_byte
    record_committed(
        Kind.REPORT_DOWNLOADED, by=by, target=target_of(report), outcome=Outcome.GRANTED, detail=detail
    )
