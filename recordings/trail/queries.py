"""Reading the trail: pages newest first, a fixed number of queries each, whatever they show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.urls import NoReverseMatch, reverse

from recordings.audit.opened import COLUMNS, OpenedRow, open_events, stored
from recordings.models import AuditEvent
from recordings.paging import COUNTED, NEWEST, PAGE, Page, Start
from recordings.permissions import Permission
from recordings.policies import can
from recordings.trail.filters import Events, TrailFilters, branches
from recordings.trail.phrases import Part, named, purpose_label
from recordings.trail.seals import UNSEALED, Seal, seals_of
from recordings.trail.sentences import sentence, tone

# Where a ref leads: the page, and the right that opens it.
ROOMS = {
    "object": ("catalog:object", Permission.OPEN_OBJECTS),
    "recording": ("playback:recording", Permission.OPEN_OBJECTS),
    "user": ("trail:person", Permission.READ_TRAIL),
    "report": ("reports:report", Permission.EXPORT_REPORTS),
    "statement": ("assurance:statement", Permission.VIEW_ASSURANCE),
    "event": ("evidence:event", Permission.READ_TRAIL),
    "checkpoint": ("evidence:checkpoint", Permission.READ_TRAIL),
}


@dataclass(frozen=True)
class LinkedPart:
    """A piece of a sentence with the address it leads to for this reader; empty where it leads nowhere."""

    text: str
    href: str = ""


@dataclass(frozen=True)
class EventRow:
    """One event as a list shows it."""

    id: int
    event_id: UUID
    recorded_at: datetime
    kind: str
    outcome: str
    outcome_tone: str
    tone: str
    actor_name: str
    actor_href: str
    actor_role: str
    sentence: tuple[LinkedPart, ...]
    about: tuple[LinkedPart, ...]
    label: str
    purpose: str
    note: str
    source: str
    skewed: bool
    href: str
    leaf: int | None
    seal: str

    @property
    def seal_tone(self) -> str:
        return "ok" if self.seal in ("signed", "witnessed") else ""


class Links:
    """Addresses for one reader. Without a reader (nobody in particular) everything is linked."""

    def __init__(self, viewer: Any = None) -> None:
        self.may = {right for right in Permission if viewer is None or can(viewer, right)}
        self.own = f"user:{viewer.pk}" if viewer is not None else ""

    def to(self, ref: str) -> str:
        """The address of what a ref names; for who may not open it, the trail filtered by it."""
        kind, _, key = ref.partition(":")
        name, right = ROOMS.get(kind, ("", None))
        if not name or not key:
            return ""
        if right in self.may or ref == self.own:
            try:
                return reverse(name, args=[key])
            except NoReverseMatch:  # a ref that names nothing: anything may stand in an event
                return ""
        if kind in ("object", "recording") and Permission.READ_TRAIL in self.may:
            return f"{reverse('trail:trail')}?q={key}"
        return ""


def trail(filters: TrailFilters, start: Start[int] = NEWEST, *, viewer: Any = None) -> Page[EventRow, int]:
    """One page of the events that pass the filters."""
    page = Page.cut(_ids(filters, start), start, int, _count(filters))
    return page.showing(_rows(_by_id(page.rows), Links(viewer)))


def trail_of(target_ref: str, limit: int = 20, *, viewer: Any = None) -> list[EventRow]:
    """The newest events on one thing."""
    return _newest(AuditEvent.objects.filter(target_ref=target_ref), limit, viewer)


def trail_under(object_id: int, limit: int = 20, *, viewer: Any = None) -> list[EventRow]:
    """The newest events on an object and on its recordings."""
    ref = f"object:{object_id}"
    events = AuditEvent.objects.order_by("-id")
    both = [events.filter(target_ref=ref), events.filter(parent_ref=ref)]
    return _rows(_by_id(_union(both, "-id", limit)), Links(viewer))


def event_row(event: OpenedRow, viewer: Any = None) -> EventRow:
    """One opened event as a list shows it."""
    (row,) = _rows([event], Links(viewer))
    return row


def first_event_at() -> datetime | None:
    """When the trail begins."""
    return AuditEvent.objects.order_by("id").values_list("recorded_at", flat=True).first()


def _ids(filters: TrailFilters, start: Start[int]) -> list[int]:
    """One number more than a page holds, so that it is known whether there is another page."""
    sets = branches(filters)
    if start.key is not None:
        behind = {"id__gt" if start.newer else "id__lt": start.key}
        sets = [events.filter(**behind) for events in sets]
    return _union(sets, "id" if start.newer else "-id", PAGE + 1)


def _union(sets: Sequence[Events], order: str, limit: int) -> list[int]:
    """The first numbers of several sets of events together, each of them already in order."""
    return list(_together(sets, order, limit)) if sets else []


def _together(sets: Sequence[Events], order: str, limit: int) -> "QuerySet[AuditEvent, int]":
    numbers = [events.order_by(order).values_list("id", flat=True)[:limit] for events in sets]
    return numbers[0].union(*numbers[1:]).order_by(order)[:limit] if len(numbers) > 1 else numbers[0]


def _count(filters: TrailFilters) -> int:
    """How many events pass, counted up to one more than COUNTED."""
    sets = branches(filters)
    return _together(sets, "-id", COUNTED + 1).count() if sets else 0


def _newest(events: Events, limit: int, viewer: Any) -> list[EventRow]:
    found = stored(events.order_by("-id").values_list(*COLUMNS)[:limit])
    return _rows(open_events(found), Links(viewer))


def _by_id(ids: Sequence[int]) -> list[OpenedRow]:
    return open_events(stored(AuditEvent.objects.filter(id__in=ids).order_by("-id").values_list(*COLUMNS)))


def _rows(events: Sequence[OpenedRow], links: Links) -> list[EventRow]:
    seals = seals_of([event.stored.event_id for event in events])
    return [_row(event, links, seals) for event in events]


def _row(event: OpenedRow, links: Links, seals: Mapping[UUID, Seal]) -> EventRow:
    said = sentence(event)
    seal = seals.get(event.stored.event_id, UNSEALED)
    return EventRow(
        id=event.stored.id,
        event_id=event.stored.event_id,
        recorded_at=event.stored.recorded_at,
        kind=event.kind,
        outcome=event.outcome,
        outcome_tone={"granted": "ok", "completed": "", "denied": "bad", "error": "bad"}.get(
            event.outcome, ""
        ),
        tone=tone(event.kind, event.outcome),
        actor_name=event.actor_name,
        actor_href=links.to(event.actor_ref),
        actor_role=str(event.part("actor").get("role", "")).replace("_", " ").replace("+", ", "),
        sentence=tuple(LinkedPart(part.text, links.to(part.ref)) for part in said),
        about=tuple(LinkedPart(part.text, links.to(part.ref)) for part in _about(event, said)),
        label=event.private("object.label"),
        purpose=purpose_label(event.purpose) if event.purpose else "",
        note=event.private("purpose.note"),
        source=event.private("source.ip"),
        skewed=event.stored.skewed,
        href=links.to(f"event:{event.stored.event_id}"),
        leaf=seal.leaf,
        seal=seal.words,
    )


def _about(event: OpenedRow, said: Sequence[Part]) -> list[Part]:
    """What the event is about, as far as its sentence does not say so: the recording and its object."""
    if event.target_kind not in ("object", "recording"):
        return []
    parts = [named(event.target_kind, event.target_ref, "")]
    if event.parent_ref:
        parts.append(named("object", event.parent_ref, ""))
    told = {part.ref for part in said}
    return [part for part in parts if part.ref not in told]
