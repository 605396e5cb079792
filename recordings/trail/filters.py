"""The filters of the trail page and of reports, and the events that pass them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, Self
from zoneinfo import ZoneInfo

from django.db.models import BooleanField, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL

from recordings.audit.kinds import Kind
from recordings.days import moment_of
from recordings.models import AuditEvent, TrailWords
from recordings.reach import Reach
from recordings.trail.groups import kinds_of
from recordings.trail.visible import visible_in
from recordings.trail.words import tokens_of

# Event numbers grow with time, unless the clock was set back. With so much on both sides of a range of days, an old
# month is found by number, without reading everything after it.
CLOCK_SLACK = timedelta(days=1)

# The events that reading the trail writes; a filter leaves them out.
READING = (Kind.TRAIL_VIEWED, Kind.TRAIL_SEARCHED)


@dataclass(frozen=True)
class TrailFilters:
    """All given filters must hold; of `any_ref`, `request`, `event` and `words`, which are what was typed, any one.

    `any_ref`: events by, on or under any of these references. `words`: events that show all of these words, as words.py
    compares them. `since` and `until`: days of the time zone `zone`, both included. `nothing`: what was typed means
    nobody and nothing in the trail. `no_reading` leaves out that the trail was read.
    """

    groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    actor: str = ""
    target: str = ""
    any_ref: tuple[str, ...] = ()
    request: str = ""
    event: str = ""
    words: tuple[str, ...] = ()
    outcome: str = ""
    purpose: str = ""
    since: date | None = None
    until: date | None = None
    zone: str = "UTC"
    nothing: bool = False
    no_reading: bool = False

    @property
    def all_kinds(self) -> tuple[str, ...]:
        """Return every kind that passes, those of the groups included; empty for all."""
        return tuple(sorted({*self.kinds, *(kind for group in self.groups for kind in kinds_of(group))}))

    def moments(self) -> tuple[datetime | None, datetime | None]:
        """Return when the period begins and ends, the end excluded; None where it is open."""
        zone = ZoneInfo(self.zone)
        start = moment_of(self.since, zone=zone) if self.since else None
        return start, moment_of(self.until + timedelta(days=1), zone=zone) if self.until else None

    def as_detail(self) -> dict[str, Any]:
        """Return the filters as a report's row has them; `from_detail` reads them back."""
        is_local = self.zone != "UTC" and (self.since or self.until)
        values: dict[str, Any] = {
            "groups": list(self.groups),
            "kinds": list(self.kinds),
            "actor": self.actor,
            "target": self.target,
            "any_ref": list(self.any_ref),
            "request": self.request,
            "event": self.event,
            "words": list(self.words),
            "outcome": self.outcome,
            "purpose": self.purpose,
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
            "zone": self.zone if is_local else "",
            "nothing": "yes" if self.nothing else "",
            "no_reading": "yes" if self.no_reading else "",
        }
        return {name: value for name, value in values.items() if value}

    def as_logged(self) -> dict[str, Any]:
        """Return the filters as an event has them. What was typed may be a name: the event only commits to it."""
        return {name: value for name, value in self.as_detail().items() if name not in ("words", "request")}

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> Self:
        """Read back what `as_detail` wrote."""
        return cls(
            groups=tuple(detail.get("groups", ())),
            kinds=tuple(detail.get("kinds", ())),
            actor=detail.get("actor", ""),
            target=detail.get("target", ""),
            any_ref=tuple(detail.get("any_ref", ())),
            request=detail.get("request", ""),
            event=detail.get("event", ""),
            words=tuple(detail.get("words", ())),
            outcome=detail.get("outcome", ""),
            purpose=detail.get("purpose", ""),
            since=_day(detail.get("since")),
            until=_day(detail.get("until")),
            zone=detail.get("zone", "UTC"),
            nothing=bool(detail.get("nothing")),
            no_reading=bool(detail.get("no_reading")),
        )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


Events = QuerySet[AuditEvent]
# The columns in which a ref of each kind can be.
_COLUMNS_OF = {
    "object": ("target_ref", "parent_ref"),
    "recording": ("target_ref",),
    "report": ("target_ref",),
    "statement": ("target_ref",),
    "scorecard": ("target_ref",),
    "calibration": ("target_ref",),
    "plan": ("target_ref",),
    "sample": ("target_ref",),
    "event": ("target_ref",),
    "user": ("actor_ref", "target_ref"),
    "system": ("actor_ref",),
}


def matching(filters: TrailFilters, reach: Reach) -> Events:
    """Return all events in this reach that pass, unordered, to be read completely."""
    if filters.nothing:
        return AuditEvent.objects.filter(id=0)  # numbers begin with 1; none() has no SQL to hand on
    return _apart_from_words(filters, reach).filter(reduce(or_, _meanings(filters), Q()))


def branches(filters: TrailFilters, reach: Reach) -> list[Events]:
    """Split the events in this reach that pass into sets, which may overlap, each served by one index.

    One query with OR would make the database sort everything a busy person ever did. A union of short, sorted branches
    ends when a page is full.
    """
    if filters.nothing:
        return []
    base = _apart_from_words(filters, reach)
    if meanings := _meanings(filters):
        return [base.filter(meaning) for meaning in meanings]
    if filters.target.startswith("object:"):
        return [base.filter(**{column: filters.target}) for column in _COLUMNS_OF["object"]]
    if filters.all_kinds and not (filters.actor or filters.target):
        return [base.filter(kind=kind) for kind in filters.all_kinds]
    return [base]


def _meanings(filters: TrailFilters) -> list[Q]:
    """Return a condition for each meaning of what was typed, each served by one index."""
    meanings = [
        Q(**{column: ref}) for ref in filters.any_ref for column in _COLUMNS_OF.get(ref.partition(":")[0], ())
    ]
    if filters.request:
        meanings.append(Q(request_id=filters.request))
    if filters.event:
        meanings.append(Q(event_id=filters.event))
    if filters.words:
        # As one text: the driver of a report would send Django's list of numbers with four bytes each.
        tokens = "{" + ",".join(map(str, tokens_of(filters.words))) + "}"
        shown = RawSQL("tokens @> %s::bigint[]", [tokens], output_field=BooleanField())
        showing = TrailWords.objects.filter(shown)
        meanings.append(Q(id__in=showing.values("event_no")))
    return meanings


def _apart_from_words(filters: TrailFilters, reach: Reach) -> Events:
    """Return the events in this reach that pass every filter but the searched words."""
    events = AuditEvent.objects.filter(visible_in(reach))
    if filters.target.startswith("object:"):  # its recordings are part of it
        events = events.filter(Q(target_ref=filters.target) | Q(parent_ref=filters.target))
    exact = {
        "actor_ref": filters.actor,
        "target_ref": "" if filters.target.startswith("object:") else filters.target,
        "outcome": filters.outcome,
        "purpose": filters.purpose,
    }
    events = events.filter(**{column: value for column, value in exact.items() if value})
    if filters.all_kinds:
        events = events.filter(kind__in=filters.all_kinds)
    if filters.no_reading:
        events = events.exclude(kind__in=READING)
    start, end = filters.moments()
    if start:
        first = AuditEvent.objects.filter(recorded_at__gte=start - CLOCK_SLACK).order_by("recorded_at", "id")
        events = events.filter(recorded_at__gte=start, id__gte=Subquery(first.values("id")[:1]))
    if end:
        last = AuditEvent.objects.filter(recorded_at__lt=end + CLOCK_SLACK).order_by("-recorded_at", "-id")
        events = events.filter(recorded_at__lt=end, id__lte=Subquery(last.values("id")[:1]))
    return events
