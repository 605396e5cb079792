"""Reports as the pages show them."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from recordings import policies
from recordings.audit.kinds import Kind
from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.exceptions import NotPermitted
from recordings.models import AuditEvent, Report, ReportKind, ReportState
from recordings.permissions import Permission
from recordings.policies import can
from recordings.reach import Reach
from recordings.reports import files
from recordings.reports.bundles import in_old_format
from recordings.reports.facts import WHAT
from recordings.reports.forms import FORMATS
from recordings.reports.rights import reach_of
from recordings.trail.compose import Language, joined
from recordings.trail.filter_words import filter_phrases
from recordings.wording import stored as stored_words

TONES = {"waiting": "info", "building": "info", "ready": "ok", "failed": "bad"}
LISTED = 50


@dataclass(frozen=True)
class ReportRow:
    """A report with the labels that a page shows."""

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
    is_gone: bool  # it was built, and its file was deleted
    error: str

    @property
    def is_open(self) -> bool:
        return self.report.state in (ReportState.WAITING, ReportState.BUILDING)


class BeyondScope(NotPermitted):
    """The report covers more than its requester may export now."""

    sentence = _(
        "This report covers more than you may export now: the scope of your permission has changed since. "
        "Request the report again."
    )


def visible_reports(user: Any) -> "QuerySet[Report]":
    """Return the reports that a person may see: their own, and for readers of the trail those of others.

    Those of others only where they cover nothing outside the scope in which the person may export.
    """
    own = Q(requested_by=user)
    # Who reads the trail does not therefore read evaluations.
    of_trail = [kind for kind in ReportKind if kind.is_of_trail]
    reports = Report.objects.select_related("requested_by").filter(own | Q(kind__in=of_trail))
    if not can(user, Permission.READ_TRAIL):
        return reports.filter(own)
    reach = policies.reach(user, Permission.EXPORT_REPORTS)
    if reach.is_everything:
        return reports
    known = Report.objects.order_by().values_list("scopes", flat=True).distinct()
    within = [scopes for scopes in known if reach.covers(Reach.from_detail(scopes))]
    return reports.filter(own | Q(scopes__in=within))


def may_have(user: Any, report: Report) -> bool:
    """Whether a report covers nothing outside the scope in which this person may export now."""
    return reach_of(user, report.kind).covers(report.reach)


def newest_reports(user: Any) -> list[ReportRow]:
    """Return the newest reports that a person may see, newest first."""
    reports = list(visible_reports(user).order_by("-requested_at")[:LISTED])
    names, old = _names(reports), in_old_format(reports)
    return [_row(report, names, report.pk in old) for report in reports]


def row_of(report: Report) -> ReportRow:
    """Return a report as a page shows it."""
    return _row(report, _names([report]), bool(in_old_format([report])))


def _row(report: Report, names: dict[str, str], is_old: bool) -> ReportRow:
    person = report.requested_by
    is_gone = report.state == ReportState.READY and not files.is_there(report)
    return ReportRow(
        report=report,
        state=gettext("File deleted") if is_gone else str(ReportState(report.state).label),
        tone="warn" if is_gone else TONES[report.state],
        kind=str(ReportKind(report.kind).label),
        heading=str(WHAT[report.kind]),
        count=rows_in_words(report.kind, report.rows_done),
        unit=_unit(report.kind),
        format=str(FORMATS.get(report.format, report.format)),
        filters=_filters_in_words(report.filters, names),
        by=person.display_name,
        estimate=_estimate(report),
        is_old=is_old,
        is_gone=is_gone,
        error=stored_words(report.error),
    )


def _names(reports: list[Report]) -> dict[str, str]:
    """Return the names of people in filters, by their references."""
    refs = {
        ref for report in reports for ref in (report.filters.get("actor"), *report.filters.get("any_ref", ()))
    }
    keys = [int(ref[5:]) for ref in refs if ref and ref.startswith("user:") and ref[5:].isdigit()]
    users = get_user_model().objects.filter(pk__in=keys).only("full_name", "username")
    return {f"user:{user.pk}": user.display_name for user in users}


def _filters_in_words(filters: dict[str, Any], names: dict[str, str]) -> str:
    parts = joined(filter_phrases(filters, Language.current()))
    return "".join(names.get(part.ref, part.text) for part in parts) or gettext("the whole trail")


def _unit(kind: str) -> str:
    units = {
        ReportKind.EVENTS: gettext("Events"),
        ReportKind.VIEWINGS: gettext("Viewings"),
        ReportKind.ACCESS: gettext("People"),
        ReportKind.SCORES: gettext("Evaluations"),
        ReportKind.NUMBERS: gettext("Rows"),
        ReportKind.REVIEW: gettext("Rows"),
    }
    return units[ReportKind(kind)]


def typed_words(report: Report) -> str:
    """Return what was typed for the filters of a report; empty where nothing was, or it was erased since."""
    requests = AuditEvent.objects.filter(target_ref=f"report:{report.pk}", kind=Kind.REPORT_REQUESTED)
    events = open_events(stored(requests.order_by("id").values_list(*COLUMNS)[:1]))
    return next((event.private("action_detail.q") for event in events), "")


def rows_in_words(kind: str, rows: int) -> str:
    """Say how many rows a report has: "1 viewing", "3 people"."""
    if kind == ReportKind.EVENTS:
        words = ngettext("%(number)s event", "%(number)s events", rows)
    elif kind == ReportKind.VIEWINGS:
        words = ngettext("%(number)s viewing", "%(number)s viewings", rows)
    elif kind == ReportKind.ACCESS:
        words = ngettext("%(number)s person", "%(number)s people", rows)
    elif kind == ReportKind.SCORES:
        words = ngettext("%(number)s evaluation", "%(number)s evaluations", rows)
    else:
        words = ngettext("%(number)s row", "%(number)s rows", rows)
    return words % {"number": f"{rows:,}"}


def filters_in_words(report: Report) -> str:
    """Describe the filters of a report."""
    return _filters_in_words(report.filters, _names([report]))


def _estimate(report: Report) -> str:
    """Say how long building takes, "about 20 s left"; empty while nothing is done."""
    done, expected, started = report.rows_done, report.rows_expected, report.started_at
    if report.state != ReportState.BUILDING or not (done and expected and started) or done >= expected:
        return ""
    seconds = (timezone.now() - started).total_seconds() * (expected - done) / done
    if seconds < 120:
        return gettext("about %(number)s s left") % {"number": max(1, round(seconds))}
    return gettext("about %(number)s min left") % {"number": round(seconds / 60)}
