"""The facts about a report: on its page, on the cover of its workbook, on the first page of its PDF, in its name."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.models import AuditEvent, Checkpoint, Report, ReportKind
from recordings.reports.scope_words import scope_words
from recordings.sheets.rows import Cell
from recordings.tlog.texts import encode64
from recordings.trail import filter_words
from recordings.trail.compose import Language
from recordings.trail.filters import TrailFilters

WHAT = {
    ReportKind.EVENTS.value: _("Events of the audit trail, one row per event"),
    ReportKind.VIEWINGS.value: _("Viewings, one row per viewing"),
    ReportKind.ACCESS.value: _("Access by person, one row per person"),
    ReportKind.REVIEW.value: _("Evidence of review, one row per decision and spot check"),
    ReportKind.SCORES.value: _("Evaluations, one row per evaluation, with their current scores"),
    ReportKind.NUMBERS.value: _("Numbers of evaluations, not weighted"),
}
_SLUGS = {
    ReportKind.EVENTS.value: "audit-trail",
    ReportKind.VIEWINGS.value: "viewings",
    ReportKind.ACCESS.value: "access-by-person",
    ReportKind.SCORES.value: "evaluations",
    ReportKind.NUMBERS.value: "evaluation-numbers",
    ReportKind.REVIEW.value: "evidence-of-review",
}


def period_words(filters: TrailFilters) -> str:
    """Write the period of a report with the zone of its days: UTC for reports of the trail."""
    words = filter_words.period_words(filters.since, filters.until, Language.current())
    return (
        gettext("%(period)s (%(zone)s)") % {"period": words, "zone": filters.zone}
        if words
        else gettext("Everything")
    )


def log_since() -> datetime | None:
    """Return when the trail begins; None before its first event."""
    return AuditEvent.objects.order_by("id").values_list("recorded_at", flat=True).first()


def began_later(filters: TrailFilters, since: datetime | None) -> str:
    """Say that the log began after the period, or within it; empty when it covers the whole period."""
    if since is None:
        return ""
    first = since.astimezone(UTC).date()
    began = {"day": Language.current().day(first)}
    if filters.until and filters.until < first:
        return (
            gettext("The log began on %(day)s, after this period. The report cannot cover the period.")
            % began
        )
    if filters.since and filters.since < first:
        return gettext("The log began on %(day)s. The report cannot cover the days before.") % began
    return ""


def file_stem(report: Report) -> str:
    """Return the name of a report's file without its extension: kind, period, id."""
    filters = TrailFilters.from_detail(report.filters)
    slug = _SLUGS[report.kind]
    slug = slug if report.reach.is_everything else f"{slug}-in-scope"
    return f"{slug}-{_period_slug(filters, report.requested_at.date())}-{report.pk.hex[-8:]}"


def _period_slug(filters: TrailFilters, asked_on: date) -> str:
    since, until = filters.since, filters.until or asked_on
    return f"{since}-to-{until}" if since and since <= until else f"until-{until}"


@dataclass(frozen=True)
class About:
    """The facts about a built report, in the order of its cover."""

    what: str
    filters: str
    scope: str
    period: str
    by: str
    asked_at: datetime
    since: datetime | None
    note: str
    rows: int
    newest: int
    report_id: str
    checkpoint: Checkpoint | None
    is_of_trail: bool = True

    @classmethod
    def of(cls, report: Report, filters: str, rows: int) -> "About":
        """Collect the facts, with the first event and the newest checkpoint."""
        asked, since = TrailFilters.from_detail(report.filters), log_since()
        return cls(
            what=str(WHAT[report.kind]),
            filters=filters,
            scope=scope_words(report.reach),
            period=period_words(asked),
            by=report.requested_by.display_name,
            asked_at=report.requested_at,
            since=since,
            note=began_later(asked, since),
            rows=rows,
            newest=report.last_event_id,
            report_id=str(report.pk),
            checkpoint=Checkpoint.objects.order_by("-size").first(),
            is_of_trail=ReportKind(report.kind).is_of_trail,
        )

    def facts(self) -> list[tuple[str, Cell]]:
        """Return names and values, without those that are empty."""
        facts: list[tuple[str, Cell]] = [
            (gettext("What"), self.what),
            (gettext("Filters"), self.filters),
            (gettext("Scope"), self.scope),
            (gettext("Period"), self.period),
            (gettext("Rows"), self.rows),
            (gettext("Requested by"), self.by),
            (gettext("Requested at (UTC)"), self.asked_at),
            *(self._of_trail() if self.is_of_trail else ()),
            (gettext("Report"), self.report_id),
            (
                gettext("SHA-256 of the file"),
                gettext("On the report's page and in its .sha256 file. A file cannot contain its own hash."),
            ),
        ]
        return [(name, value) for name, value in facts if value != ""]

    def _of_trail(self) -> list[tuple[str, Cell]]:
        checkpoint: Any = self.checkpoint
        log = (
            gettext("%(size)s leaves, root %(root)s")
            % {"size": checkpoint.size, "root": encode64(bytes(checkpoint.root))}
            if checkpoint
            else gettext("not signed yet")
        )
        return [
            (gettext("Log since (UTC)"), self.since or gettext("no event yet")),
            (gettext("Note"), self.note),
            (gettext("Newest possible event"), gettext("event %(id)s") % {"id": self.newest}),
            (gettext("Newest checkpoint"), log),
        ]
