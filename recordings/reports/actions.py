"""Change reports. Each change and its event are one transaction."""

from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Outcome, Target, record, record_committed
from recordings.audit.event import Detail
from recordings.exceptions import PortalError
from recordings.models import AuditEvent, Report, ReportKind, ReportState
from recordings.proof.evidence.bundle.scope import Scope
from recordings.reports import leases
from recordings.reports.rights import reach_of
from recordings.reviews.numbers.selection import Selection
from recordings.trail.filters import TrailFilters
from recordings.wording import in_english

BUNDLE = "bundle"
BUILDER = Actor.system("reports")
AT_ONCE = 5


class TooManyReports(PortalError):
    """AT_ONCE of this person's reports are not finished."""

    status = 429
    sentence = _("Five of your reports are not finished. Wait until one is, then request the next one.")


def _kind(kind: str) -> dict[str, str]:
    """Return the kind of a report for its events; nothing for a report of events, which is the default."""
    return {} if kind == ReportKind.EVENTS else {"kind": str(kind)}


def target_of(report: Report) -> Target:
    return Target("report", f"report:{report.pk}")


@transaction.atomic
def request_report(
    *,
    filters: TrailFilters | Selection,
    format: str,
    requested_by: Any,
    by: Actor,
    kind: str = ReportKind.EVENTS,
    words: str = "",
    language: str = "en",
) -> Report:
    """Request a report of the trail or of evaluations, and record the request.

    `words` is what was typed for the filters, which may be a name. `language` is that of a PDF. The newest event that
    the report can contain is fixed here, however late it is built. The event states the scope of a bundle, and the
    bundle contains the event.

    Raises TooManyReports while AT_ONCE of this person's reports are not finished, AuditUnavailable when the request
    cannot be recorded, CannotBuild when a bundle cannot have this scope. Then there is no report.
    """
    with connection.cursor() as cursor:
        # One request of a person at a time, so that simultaneous ones are counted too.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('recordings.reports.request'), %s)", [requested_by.pk]
        )
    unfinished = (ReportState.WAITING, ReportState.BUILDING)
    if Report.objects.filter(requested_by=requested_by, state__in=unfinished).count() >= AT_ONCE:
        raise TooManyReports
    reach, scope = reach_of(requested_by, kind), {}
    if isinstance(filters, TrailFilters) and format == BUNDLE:
        scope = {"scope": Scope.asked(filters, timezone.now(), reach).as_claim()}
    newest = AuditEvent.objects.aggregate(newest=Max("id"))["newest"] or 0
    report = Report.objects.create(
        requested_by=requested_by,
        kind=kind,
        format=format,
        language=language,
        filters=filters.as_detail(),
        scopes=reach.as_detail(),
        last_event_id=newest,
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
    """Mark a report as ready; `proven` is what a bundle states. Raises LeaseLost when another worker has the lease."""
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
            **({} if report.reach.is_everything else {"limited": "yes"}),
            **(proven or {}),
        },
    )


@transaction.atomic
def fail_report(*, report: Report, sentence: str | Promise, outcome: Outcome = Outcome.ERROR) -> None:
    """Mark a report as failed, with the reason. Does nothing when another worker holds the lease."""
    reason = in_english(sentence)
    failed = leases.mine(report).update(state=ReportState.FAILED, leased_until=None, error=reason)
    if failed:
        record(
            Kind.REPORT_FAILED,
            by=BUILDER,
            target=target_of(report),
            outcome=outcome,
            detail={"reason": reason},
        )


def record_download(*, report: Report, first_byte: int, by: Actor) -> None:
    """Record a download, committed before the file is sent. Raises AuditUnavailable: then it must not be sent."""
    detail = {"file_name": report.file_name, "sha256": report.sha256, "size_bytes": report.size_bytes or 0}
    if first_byte:
        detail["first_byte"] = first_byte
    record_committed(
        Kind.REPORT_DOWNLOADED, by=by, target=target_of(report), outcome=Outcome.GRANTED, detail=detail
    )
