"""What a report says of itself: on its page, on the cover of its workbook, on the first page of its PDF, in its
name."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from recordings.models import AuditEvent, Checkpoint, Report, ReportKind
from recordings.sheets.rows import Cell
from recordings.tlog.texts import encode64
from recordings.trail import filter_words
from recordings.trail.filters import TrailFilters

WHAT = {
    ReportKind.EVENTS.value: "Events of the audit trail, one row an event",
    ReportKind.VIEWINGS.value: "Viewings, one row a viewing",
    ReportKind.ACCESS.value: "Access by person, one row a person",
}
_SLUGS = {ReportKind.EVENTS.value: "audit-trail", ReportKind.VIEWINGS.value: "viewings"}
_ACCESS_SLUG = "access-by-person"


def period_words(filters: TrailFilters) -> str:
    """Return the period that was asked for, in words."""
    words = filter_words.period_words(filters.since, filters.until)
    return f"{words} (UTC)" if words else "from the beginning, no end"


def log_since() -> datetime | None:
    """Return when the trail begins; None before its first event."""
    return AuditEvent.objects.order_by("id").values_list("recorded_at", flat=True).first()


def began_later(filters: TrailFilters, since: datetime | None) -> str:
    """Return that the log began after the period, or within it; empty when it covers the whole period."""
    if since is None:
        return ""
    first = since.astimezone(UTC).date()
    began = filter_words.day_words(first.isoformat())
    if filters.until and filters.until < first:
        return f"The log began on {began}, after this period: the report says nothing about that time."
    if filters.since and filters.since < first:
        return f"The log began on {began}: the report says nothing about the days before."
    return ""


def file_stem(report: Report) -> str:
    """Return the name of the report's file without its ending: what it is, its period, its id."""
    filters = TrailFilters.from_detail(report.filters)
    slug = _SLUGS.get(report.kind, _ACCESS_SLUG)
    return f"{slug}-{_period_slug(filters, report.requested_at.date())}-{report.pk.hex[-8:]}"


def _period_slug(filters: TrailFilters, asked_on: date) -> str:
    since, until = filters.since, filters.until or asked_on
    return f"{since}-to-{until}" if since and since <= until else f"until-{until}"


@dataclass(frozen=True)
class About:
    """The facts of a report that was built, in the order in which a cover shows them."""

    what: str
    filters: str
    period: str
    by: str
    asked_at: datetime
    since: datetime | None
    note: str
    rows: int
    newest: int
    report_id: str
    checkpoint: Checkpoint | None

    @classmethod
    def of(cls, report: Report, filters: str, rows: int) -> "About":
        """Read what the facts rest on: the first event and the newest checkpoint."""
        asked, since = TrailFilters.from_detail(report.filters), log_since()
        return cls(
            what=WHAT[report.kind],
            filters=filters,
            period=period_words(asked),
            by=report.requested_by.display_name,
            asked_at=report.requested_at,
            since=since,
            note=began_later(asked, since),
            rows=rows,
            newest=report.last_event_id,
            report_id=str(report.pk),
            checkpoint=Checkpoint.objects.order_by("-size").first(),
        )

    def facts(self) -> list[tuple[str, Cell]]:
        """Names and values, those that are missing left out."""
        checkpoint: Any = self.checkpoint
        log = (
            f"{checkpoint.size} leaves, root {encode64(bytes(checkpoint.root))}"
            if checkpoint
            else "not signed yet"
        )
        facts: list[tuple[str, Cell]] = [
            ("What", self.what),
            ("Filters", self.filters),
            ("Period", self.period),
            ("Rows", self.rows),
            ("Asked for by", self.by),
            ("Asked for at (UTC)", self.asked_at),
            ("Log since (UTC)", self.since or "no event yet"),
            ("Note", self.note),
            ("Newest event it may hold", f"event {self.newest}"),
            ("Newest checkpoint", log),
            ("Report", self.report_id),
            (
                "SHA-256 of the file",
                "on the report's page and in its .sha256 file: a file cannot hold its own hash",
            ),
        ]
        return [(name, value) for name, value in facts if value != ""]
