"""Reports as pages show them."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils import timezone

from recordings.audit.kinds import Kind
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.models import AuditEvent, Report, ReportKind, ReportState
from recordings.permissions import Permission
from recordings.policies import can
from recordings.reports import files
from recordings.reports.bundles import in_old_format
from recordings.reports.facts import WHAT
from recordings.reports.forms import FORMATS
from recordings.trail.filter_words import filter_parts
from recordings.trail.phrases import Part

TONES = {"waiting": "info", "building": "info", "ready": "ok", "failed": "bad"}
LISTED = 50


@dataclass(frozen=True)
class ReportRow:
    """A report with the words a page needs."""

    report: Report
    state: str
    tone: str
    kind: str
    heading: str
    count: str
    unit: str
    format: str
    filters: str
    by: str
    estimate: str
    is_old: bool
    is_gone: bool  # it was built, and its file has been deleted since

    @property
    def is_open(self) -> bool:
        return self.report.state in (ReportState.WAITING, ReportState.BUILDING)


def visible_reports(user: Any) -> "QuerySet[Report]":
    """The reports this person may see: who reads the trail sees all of them, everybody else their own."""
    reports = Report.objects.select_related("requested_by")
    return reports if can(user, Permission.READ_TRAIL) else reports.filter(requested_by=user)


def newest_reports(user: Any) -> list[ReportRow]:
    """The newest of them, newest first."""
    reports = list(visible_reports(user).order_by("-requested_at")[:LISTED])
    names, old = _names(reports), in_old_format(reports)
    return [_row(report, names, report.pk in old) for report in reports]


def row_of(report: Report) -> ReportRow:
    """One report as a page shows it."""
    return _row(report, _names([report]), bool(in_old_format([report])))


def _row(report: Report, names: dict[str, str], is_old: bool) -> ReportRow:
    person = report.requested_by
    is_gone = report.state == ReportState.READY and not files.is_there(report)
    return ReportRow(
        report=report,
        state="File deleted" if is_gone else ReportState(report.state).label,
        tone="warn" if is_gone else TONES[report.state],
        kind=ReportKind(report.kind).label,
        heading=WHAT[report.kind],
        count=rows_in_words(report.kind, report.rows_done),
        unit={"events": "Events", "viewings": "Viewings"}.get(report.kind, "People"),
        format=FORMATS.get(report.format, report.format),
        filters=_filters_in_words(report.filters, names),
        by=person.display_name,
        estimate=_estimate(report),
        is_old=is_old,
        is_gone=is_gone,
    )


def _names(reports: list[Report]) -> dict[str, str]:
    """Names of the people that filters speak of."""
    refs = {
        ref for report in reports for ref in (report.filters.get("actor"), *report.filters.get("any_ref", ()))
    }
    keys = [int(ref[5:]) for ref in refs if ref and ref.startswith("user:") and ref[5:].isdigit()]
    users = get_user_model().objects.filter(pk__in=keys).only("full_name", "username")
    return {f"user:{user.pk}": user.display_name for user in users}


def _filters_in_words(filters: dict[str, Any], names: dict[str, str]) -> str:
    parts = (Part(part) if isinstance(part, str) else part for part in filter_parts(filters))
    words = "".join(names.get(part.ref, part.text) for part in parts)
    return words or "the whole trail"


def typed_words(report: Report) -> str:
    """Return what was typed for the filters of a report; empty where nothing was, or it was erased since."""
    requests = AuditEvent.objects.filter(target_ref=f"report:{report.pk}", kind=Kind.REPORT_REQUESTED)
    events = open_events(stored(requests.order_by("id").values_list(*COLUMNS)[:1]))
    return next((event.private("action_detail.q") for event in events), "")


def rows_in_words(kind: str, rows: int) -> str:
    """How many rows a report has: "1 viewing", "3 people"."""
    one, many = {"events": ("event", "events"), "viewings": ("viewing", "viewings")}.get(
        kind, ("person", "people")
    )
    return f"{rows:,} {one if rows == 1 else many}"


def filters_in_words(report: Report) -> str:
    """The filters of one report in words."""
    return _filters_in_words(report.filters, _names([report]))


def _estimate(report: Report) -> str:
    """ "about 20 s left", once enough is done to tell."""
    done, expected, started = report.rows_done, report.rows_expected, report.started_at
    if report.state != ReportState.BUILDING or not (done and expected and started) or done >= expected:
        return ""
    seconds = (timezone.now() - started).total_seconds() * (expected - done) / done
    return (
        f"about {max(1, round(seconds))} s left" if seconds < 120 else f"about {round(seconds / 60)} min left"
    )
