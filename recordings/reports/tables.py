"""Reports that count: one row a viewing, one row a person. Made of the events, in one pass, as lists in memory.

A viewing begins with its first URL; it is in the report of the period in which it begins, with all that was watched of
it up to the report's last event. An access is what a person did in the period.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from typing import Any, NamedTuple

from recordings.audit.kinds import Kind, Outcome
from recordings.models import ReportKind
from recordings.reports.events import Line
from recordings.sheets.rows import Cell
from recordings.trail.filters import TrailFilters
from recordings.trail.folding import viewing_name
from recordings.trail.groups import kinds_of
from recordings.trail.person_days import COUNTED
from recordings.trail.phrases import purpose_label, reason, role_label, short
from recordings.trail.queries import REFUSALS
from recordings.trail.sentences import plain_sentence


class Column(NamedTuple):
    """A column by its name in CSV and its title for readers; `share` is its part of a PDF's width, 0 leaves it out."""

    name: str
    title: str
    share: int = 0


class Table(NamedTuple):
    """What a report of one kind has in its rows. `collect` reads the events that `asks` for, in their order."""

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
    ended: datetime | None = None
    end: str = "open"
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
    Column("viewing", "Viewing", 9),
    Column("began_at", "Began (UTC)", 12),
    Column("ended_at", "Ended (UTC)", 12),
    Column("person", "Person", 11),
    Column("account", "Account"),
    Column("role", "Role"),
    Column("purpose", "Purpose", 8),
    Column("note", "Note", 14),
    Column("recording", "Recording", 9),
    Column("object", "Object", 12),
    Column("customer", "Customer", 11),
    Column("watched", "Watched", 7),
    Column("parts", "Parts watched", 12),
    Column("urls", "URLs issued"),
    Column("refusals", "Refusals during it"),
    Column("end", "How it ended"),
    Column("address", "Address"),
)


def _asks_for_viewings(filters: TrailFilters) -> TrailFilters:
    """The events of viewings from the beginning of the period on: what began in it may have gone on behind it.

    Of everybody, also when one person's are asked for: the portal itself ends a viewing whose player is silent.
    """
    return replace(filters, kinds=kinds_of("viewing"), until=None, actor="")


def _viewings(events: Iterable[Line], filters: TrailFilters) -> list[tuple[Cell, ...]]:
    end = _end_of(filters)
    notes: dict[str, str] = {}
    viewings: dict[str, _Viewing] = {}
    for event in events:
        key = event.text("viewing")
        known = viewings.get(key)
        if event.kind == Kind.VIEWING_REQUESTED:
            notes[key] = event.private("purpose.note")
        elif event.kind == Kind.URL_ISSUED and known is None:
            begun = _moment(event.recorded_at)
            if (end is None or begun < end) and filters.actor in ("", event.actor_ref):
                viewings[key] = _begin(event, key, begun, notes.pop(key, ""))
        elif known is not None:
            _go_on(known, event)
    return [viewing.row() for viewing in sorted(viewings.values(), key=attrgetter("begun"))]


def _begin(event: Line, key: str, begun: datetime, note: str) -> _Viewing:
    return _Viewing(
        name=viewing_name(key),
        begun=begun,
        person=event.actor_name,
        account=event.actor_ref,
        role=role_label(str(event.actor.get("role", ""))),
        purpose=purpose_label(event.purpose) if event.purpose else "",
        note=note,
        address=event.private("source.ip"),
        recording=short(event.target_ref.partition(":")[2]),
        object=event.parent_ref.partition(":")[2],
        customer=event.private("object.label"),
    )


def _go_on(viewing: _Viewing, event: Line) -> None:
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
        viewing.end = reason(event, "by the person")
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
    Column("person", "Person", 16),
    Column("account", "Account"),
    Column("role", "Role", 14),
    Column("first_at", "First act (UTC)", 14),
    Column("last_at", "Last act (UTC)", 14),
    Column("sign_ins", "Sign-ins", 7),
    Column("failed_sign_ins", "Failed sign-ins", 7),
    Column("searches", "Searches", 7),
    Column("openings", "Pages opened", 7),
    Column("recordings", "Recordings watched", 9),
    Column("viewings", "Viewings", 8),
    Column("watched", "Watched", 8),
    Column("refusals", "Refusals", 8),
    Column("readings", "Trail and assurance read", 9),
    Column("reports", "Reports asked for", 8),
    Column("downloads", "Downloads", 9),
)


def _access(events: Iterable[Line], _: TrailFilters) -> list[tuple[Cell, ...]]:
    people: dict[str, _Access] = {}
    for event in events:
        # A sign-in that failed is nobody's act yet: it counts for the account that it was tried with.
        is_failed_sign_in = event.kind == Kind.SIGN_IN_FAILED
        ref = event.target_ref if is_failed_sign_in else event.actor_ref
        if not ref.startswith("user:"):
            continue
        person = people.setdefault(ref, _Access(ref))
        if counted := _COUNTED_BY_KIND.get(event.kind):
            person.counts[counted] += 1
        if is_failed_sign_in:
            continue
        person.name, person.role = event.actor_name, role_label(str(event.actor.get("role", "")))
        person.last = _moment(event.recorded_at)
        person.first = person.first or person.last
        if event.kind == Kind.URL_ISSUED:
            person.recordings.add(event.target_ref)
        elif event.kind == Kind.WATCHED and isinstance(watched_ms := event.detail.get("watched_ms"), int):
            person.watched_ms += watched_ms
    return [person.row() for person in sorted(people.values(), key=attrgetter("name", "account"))]


EVENT_COLUMNS = (
    Column("event_no", "Event", 6),
    Column("recorded_at", "Recorded (UTC)", 13),
    Column("sentence", "What happened", 34),
    Column("target_label", "Name", 12),
    Column("purpose", "Purpose", 8),
    Column("note", "Note", 14),
    Column("address", "Address", 10),
)


def _events(events: Iterable[Line], _: TrailFilters) -> list[tuple[Cell, ...]]:
    return [
        (
            event.number,
            _moment(event.recorded_at),
            plain_sentence(event),
            event.private("object.label"),
            purpose_label(event.purpose) if event.purpose else "",
            event.private("purpose.note"),
            event.private("source.ip"),
        )
        for event in events
    ]


TABLES = {
    ReportKind.EVENTS.value: Table(EVENT_COLUMNS, lambda filters: filters, _events),
    ReportKind.VIEWINGS.value: Table(VIEWING_COLUMNS, _asks_for_viewings, _viewings),
    ReportKind.ACCESS.value: Table(ACCESS_COLUMNS, lambda filters: filters, _access),
}


def as_text(cell: Any) -> str:
    """Write a cell for CSV and PDF: a moment to the second in UTC, a length as hours, minutes and seconds."""
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, timedelta):
        seconds = int(cell.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell)


def _moment(recorded_at: str) -> datetime:
    return datetime.fromisoformat(recorded_at)


def _end_of(filters: TrailFilters) -> datetime | None:
    return datetime.combine(filters.until + timedelta(days=1), time.min, UTC) if filters.until else None
