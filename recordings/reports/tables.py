"""Tables computed from events: one row per viewing, one row per person. One pass, lists in memory.

A viewing starts with its first URL. It is in the report of the period in which it starts, with everything watched up to
the report's last event. Access is what a person did in the period. Texts are in the active language.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from django.utils.translation import gettext, gettext_noop, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from recordings.audit.kinds import Kind, Outcome
from recordings.models import ReportKind
from recordings.reports import reviews_table
from recordings.reports.columns import Column
from recordings.reports.events import Line
from recordings.sheets.rows import Cell
from recordings.trail import labels
from recordings.trail.compose import Language, plain
from recordings.trail.filters import TrailFilters
from recordings.trail.folding import viewing_name
from recordings.trail.groups import kinds_of
from recordings.trail.person_days import COUNTED
from recordings.trail.phrases import EventText, reason, short
from recordings.trail.queries import REFUSALS
from recordings.trail.sentences import plain_sentence


class Table(NamedTuple):
    """The rows of a kind of report. `collect` reads the events that `asks` selects, in order."""

    columns: tuple[Column, ...]
    asks: Callable[[TrailFilters], TrailFilters]
    collect: Callable[[Iterable[Line], TrailFilters], list[tuple[Cell, ...]]]


@dataclass
class _Viewing:
    name: str
    begun: datetime
    person: str
    account: str
    role: str
    purpose: str
    note: str
    address: str
    recording: str
    object: str
    customer: str
    end: str
    ended: datetime | None = None
    urls: int = 1
    refusals: int = 0
    told_ms: int = 0
    watched_ms: int | None = None
    parts: str = ""

    def row(self) -> tuple[Cell, ...]:
        watched = timedelta(milliseconds=self.told_ms if self.watched_ms is None else self.watched_ms)
        return (
            self.name,
            self.begun,
            self.ended or "",
            self.person,
            self.account,
            self.role,
            self.purpose,
            self.note,
            self.recording,
            self.object,
            self.customer,
            watched,
            self.parts,
            self.urls,
            self.refusals,
            self.end,
            self.address,
        )


VIEWING_COLUMNS = (
    Column("viewing", _("Viewing"), 9),
    Column("began_at", _("Started (UTC)"), 12),
    Column("ended_at", _("Ended (UTC)"), 12),
    Column("person", _("Person"), 11),
    Column("account", _("Account")),
    Column("role", _("Role")),
    Column("purpose", _("Purpose"), 8),
    Column("note", _("Note"), 14),
    Column("recording", _("Recording"), 9),
    Column("object", _("Object"), 12),
    Column("customer", _("Customer"), 11),
    Column("watched", _("Watched"), 7),
    Column("parts", _("Watched ranges"), 12),
    Column("urls", _("URLs issued")),
    Column("refusals", _("URLs refused")),
    Column("end", _("How it ended")),
    Column("address", _("IP address")),
)


def _asks_for_viewings(filters: TrailFilters) -> TrailFilters:
    """Select the events of viewings from the start of the period, without end: a viewing may end after the period.

    Of all people, even with a filter by person: the portal itself ends a viewing whose player stopped reporting.
    """
    return replace(filters, kinds=kinds_of("viewing"), until=None, actor="")


def _viewings(events: Iterable[Line], filters: TrailFilters) -> list[tuple[Cell, ...]]:
    language, (_since, end) = Language.current(), filters.moments()
    notes: dict[str, str] = {}
    viewings: dict[str, _Viewing] = {}
    for event in events:
        key = event.text("viewing")
        known = viewings.get(key)
        if event.kind == Kind.VIEWING_REQUESTED:
            notes[key] = EventText(event, language).private("purpose.note")
        elif event.kind == Kind.URL_ISSUED and known is None and key:  # without a key it is a download
            begun = _moment(event.recorded_at)
            if (end is None or begun < end) and filters.actor in ("", event.actor_ref):
                viewings[key] = _begin(event, language, begun, notes.pop(key, ""))
        elif known is not None:
            _continue(known, event, language)
    return [viewing.row() for viewing in sorted(viewings.values(), key=attrgetter("begun"))]


def _begin(event: Line, language: Language, begun: datetime, note: str) -> _Viewing:
    text = EventText(event, language)
    return _Viewing(
        name=viewing_name(event.text("viewing")),
        begun=begun,
        person=text.actor.text,
        account=event.actor_ref,
        role=labels.roles(str(event.actor.get("role", "")), language),
        purpose=_purpose(event, language),
        note=note,
        address=text.private("source.ip"),
        recording=short(event.target_ref.partition(":")[2]),
        object=event.parent_ref.partition(":")[2],
        customer=text.private("object.label"),
        end=gettext("open"),
    )


def _purpose(event: Line, language: Language) -> str:
    return language.gettext(labels.purpose(event.purpose)) if event.purpose else ""


def _continue(viewing: _Viewing, event: Line, language: Language) -> None:
    watched_ms = event.detail.get("watched_ms")
    if event.kind == Kind.URL_RENEWED and event.outcome == Outcome.GRANTED:
        viewing.urls += 1
    elif event.kind in REFUSALS:
        viewing.refusals += 1
    elif event.kind == Kind.WATCHED and isinstance(watched_ms, int):
        viewing.told_ms += watched_ms
        viewing.parts = ", ".join(filter(None, [viewing.parts, event.text("span_words")]))
    elif event.kind == Kind.VIEWING_FINISHED:
        viewing.ended = _moment(event.recorded_at)
        (end,) = reason(EventText(event, language), gettext_noop("by the person"))
        viewing.end = plain(end)
        viewing.watched_ms = watched_ms if isinstance(watched_ms, int) else None
        viewing.parts = event.text("span_words") or viewing.parts


@dataclass
class _Access:
    account: str
    name: str = ""
    role: str = ""
    first: datetime | None = None
    last: datetime | None = None
    watched_ms: int = 0
    recordings: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0))

    def row(self) -> tuple[Cell, ...]:
        counts = self.counts
        watched = timedelta(milliseconds=self.watched_ms)
        first, last = self.first or "", self.last or ""
        before = (counts["sign_ins"], counts["failed_sign_ins"], counts["searches"], counts["openings"])
        after = (counts["refusals"], counts["readings"], counts["reports"], counts["downloads"])
        watching = (len(self.recordings), counts["viewings"], watched)
        return (self.name or self.account, self.account, self.role, first, last, *before, *watching, *after)


_COUNTED_BY_KIND = {kind.value: name for name, kinds in COUNTED.items() for kind in kinds}
ACCESS_COLUMNS = (
    Column("person", _("Person"), 16),
    Column("account", _("Account")),
    Column("role", _("Role"), 14),
    Column("first_at", _("First action (UTC)"), 14),
    Column("last_at", _("Last action (UTC)"), 14),
    Column("sign_ins", _("Sign-ins"), 7),
    Column("failed_sign_ins", _("Failed sign-ins"), 7),
    Column("searches", _("Searches"), 7),
    Column("openings", _("Pages opened"), 7),
    Column("recordings", _("Recordings watched"), 9),
    Column("viewings", _("Viewings"), 8),
    Column("watched", _("Watched"), 8),
    Column("refusals", _("Refusals"), 8),
    Column("readings", _("Trail and assurance read"), 9),
    Column("reports", _("Reports requested"), 8),
    Column("downloads", _("Downloads"), 9),
)


def _access(events: Iterable[Line], _filters: TrailFilters) -> list[tuple[Cell, ...]]:
    language = Language.current()
    people: dict[str, _Access] = {}
    for event in events:
        # A failed sign-in has no actor: it counts for the account that was entered.
        is_failed_sign_in = event.kind == Kind.SIGN_IN_FAILED
        ref = event.target_ref if is_failed_sign_in else event.actor_ref
        if not ref.startswith("user:"):
            continue
        person = people.setdefault(ref, _Access(ref))
        if counted := _COUNTED_BY_KIND.get(event.kind):
            person.counts[counted] += 1
        if is_failed_sign_in:
            continue
        person.name = EventText(event, language).actor.text
        person.role = labels.roles(str(event.actor.get("role", "")), language)
        person.last = _moment(event.recorded_at)
        person.first = person.first or person.last
        if event.kind == Kind.URL_ISSUED:
            person.recordings.add(event.target_ref)
        elif event.kind == Kind.WATCHED and isinstance(watched_ms := event.detail.get("watched_ms"), int):
            person.watched_ms += watched_ms
    return [person.row() for person in sorted(people.values(), key=attrgetter("name", "account"))]


EVENT_COLUMNS = (
    Column("event_no", _("Event"), 6),
    Column("recorded_at", pgettext_lazy("event", "Recorded (UTC)"), 13),
    Column("sentence", _("What happened"), 34),
    Column("target_label", _("Name"), 12),
    Column("purpose", _("Purpose"), 8),
    Column("note", _("Note"), 14),
    Column("address", _("IP address"), 10),
)


def _events(events: Iterable[Line], _filters: TrailFilters) -> list[tuple[Cell, ...]]:
    language = Language.current()
    rows: list[tuple[Cell, ...]] = []
    for event in events:
        text = EventText(event, language)
        rows.append(
            (
                event.number,
                _moment(event.recorded_at),
                plain_sentence(event, language),
                text.private("object.label"),
                _purpose(event, language),
                text.private("purpose.note"),
                text.private("source.ip"),
            )
        )
    return rows


TABLES = {
    ReportKind.EVENTS.value: Table(EVENT_COLUMNS, lambda filters: filters, _events),
    ReportKind.VIEWINGS.value: Table(VIEWING_COLUMNS, _asks_for_viewings, _viewings),
    ReportKind.ACCESS.value: Table(ACCESS_COLUMNS, lambda filters: filters, _access),
    ReportKind.REVIEW.value: Table(reviews_table.COLUMNS, reviews_table.asks, reviews_table.collect),
}


def as_text(cell: Any) -> str:
    """Write a cell for CSV and PDF: a time to the second in UTC, a duration as hours, minutes and seconds."""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell)


def _moment(recorded_at: str) -> datetime:
    return datetime.fromisoformat(recorded_at)
