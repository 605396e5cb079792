"""Read the trail: pages newest first, a fixed number of queries each whatever they show."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.utils.translation import gettext, ngettext

from recordings.audit.kinds import Kind
from recordings.audit.opened import COLUMNS, OpenedRow, open_events, stored
from recordings.models import AuditEvent
from recordings.paging import COUNTED, NEWEST, PAGE, Page, Start
from recordings.permissions import Permission
from recordings.policies import reach
from recordings.reach import EVERYTHING, Reach
from recordings.trail import labels
from recordings.trail.compose import Language, Part
from recordings.trail.filters import Events, TrailFilters, branches
from recordings.trail.folding import FOLDED, FOLDED_OUTCOMES, Group, fold, viewing_name
from recordings.trail.links import Links
from recordings.trail.phrases import EventText, isolated, named
from recordings.trail.seals import SEALS, UNSEALED, Seal, seals_of
from recordings.trail.sentences import sentence, tone
from recordings.trail.visible import visible_in

REFUSALS = (Kind.VIEWING_DENIED, Kind.URL_REFUSED)
FOLDED_FROM = 500  # events that are read at most to fill a page whose viewings are one row each
FOLDED_FROM_IN_BRIEF = 200


@dataclass(frozen=True)
class LinkedPart:
    """A piece of a sentence, and the address where this reader can open what it names; empty for none."""

    text: str
    href: str = ""
    is_value: bool = False
    is_actor: bool = False


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
    viewing: str  # the short id of its viewing; empty for none
    viewing_href: str  # all events of that viewing
    folded: int = 0  # how many more events of the viewing this row represents
    since: datetime | None = None  # when the oldest of them was recorded

    @property
    def row_id(self) -> str:
        """Return the row's id, the same when the list is read again, although a viewing may show a newer event then."""
        is_folded = self.viewing and self.kind in FOLDED and self.outcome in FOLDED_OUTCOMES
        return self.viewing if is_folded else str(self.id)

    @property
    def outcome_words(self) -> str:
        return gettext(labels.OUTCOMES[self.outcome]) if self.outcome in labels.OUTCOMES else self.outcome

    @property
    def seal_tone(self) -> str:
        return "ok" if self.seal in ("signed", "witnessed") else ""

    @property
    def seal_words(self) -> str:
        return gettext(SEALS[self.seal])


def readable_by(viewer: Any) -> Reach:
    """Return the reach in which this person may read the trail; everything without a person, for commands."""
    return EVERYTHING if viewer is None else reach(viewer, Permission.READ_TRAIL)


def trail(
    filters: TrailFilters,
    start: Start[int] = NEWEST,
    *,
    viewer: Any = None,
    each: bool = True,
    within: Reach | None = None,
) -> Page[EventRow, int]:
    """Return a page of the events that pass the filters; unless `each`, those of one viewing share a row.

    `within`: the reach of what is listed, when it is not where the viewer may read the trail.
    """
    sets = branches(filters, readable_by(viewer) if within is None else within)
    # Counted up to one more than COUNTED: beyond that a page says "more than".
    newest = _numbers(sets, "-id", COUNTED + 1)
    # One more than a page holds, so that it is known whether there is another page.
    size = (PAGE if each else FOLDED_FROM) + 1
    if start.key is None:
        numbers = list(
            newest
        )  # the first page is among them: under a scope, each event read costs a look at its object
        found, total = numbers[:size], len(numbers)
    else:
        total = newest.count()
        behind = {"id__gt" if start.newer else "id__lt": start.key}
        sets = [events.filter(**behind) for events in sets]
        found = list(_numbers(sets, "id" if start.newer else "-id", size))
    groups = [Group(number) for number in found[:PAGE]] if each else fold(found[:FOLDED_FROM], PAGE)
    page = Page.cut(found, start, int, total, most=sum(1 + group.folded for group in groups))
    return page.showing(_folded_rows(groups, viewer))


def has_more_than(number: int, filters: TrailFilters, within: Reach) -> bool:
    """Return whether more events than this pass the filters, counting no further."""
    return _numbers(branches(filters, within), "-id", number + 1).count() > number


def trail_of(target_ref: str, limit: int = 20, *, viewer: Any = None) -> list[EventRow]:
    """Return the newest events on one thing; those of one viewing share a row."""
    return _newest([_readable(viewer).filter(target_ref=target_ref)], limit, viewer)


def trail_under(object_id: int, limit: int = 20, *, viewer: Any = None) -> list[EventRow]:
    """Return the newest events on an object and its recordings; those of one viewing share a row."""
    ref = f"object:{object_id}"
    both = [_readable(viewer).filter(target_ref=ref), _readable(viewer).filter(parent_ref=ref)]
    return _newest(both, limit, viewer)


def _readable(viewer: Any) -> Events:
    return AuditEvent.objects.filter(visible_in(readable_by(viewer)))


def _newest(sets: Sequence[Events], limit: int, viewer: Any) -> list[EventRow]:
    return _folded_rows(fold(list(_numbers(sets, "-id", FOLDED_FROM_IN_BRIEF)), limit), viewer)


def refusals_of(recording_ref: str, limit: int, *, viewer: Any = None) -> list[EventRow]:
    """Return the newest refusals to play one recording: no viewing began, or its URL was not renewed."""
    refused = _readable(viewer).filter(target_ref=recording_ref, kind__in=REFUSALS)
    return _rows(open_events(stored(refused.order_by("-id").values_list(*COLUMNS)[:limit])), viewer)


def shown(page: Page[EventRow, int]) -> str:
    """Say how many of how many events a page shows, and in how many rows where that is another number."""
    folded = sum(row.folded for row in page.rows)
    words = page.shown("events", len(page.rows) + folded)
    if not folded:
        return words
    rows = ngettext("%(number)s row", "%(number)s rows", len(page.rows)) % {"number": f"{len(page.rows):,}"}
    return f"{words} · {rows}"


def utc_period(filters: TrailFilters) -> str:
    """Say which period of UTC the filtered days are; empty without days, and where they are days of UTC."""
    start, end = (isolated(f"{moment:%Y-%m-%d %H:%M}") if moment else "" for moment in filters.moments())
    if filters.zone == "UTC" or not (start or end):
        return ""
    if start and end:
        return gettext("In UTC: from %(start)s to %(end)s") % {"start": start, "end": end}
    if start:
        return gettext("In UTC: from %(start)s") % {"start": start}
    return gettext("In UTC: until %(end)s") % {"end": end}


def event_row(event: OpenedRow, viewer: Any = None) -> EventRow:
    """Return an opened event as a list shows it."""
    (row,) = _rows([event], viewer)
    return row


def first_event_at() -> datetime | None:
    """Return when the trail begins; None before its first event."""
    return AuditEvent.objects.order_by("id").values_list("recorded_at", flat=True).first()


def _numbers(sets: Sequence[Events], order: str, limit: int) -> "QuerySet[AuditEvent, int]":
    """Return the first event numbers of several sets together, reading each in order and only as far as needed."""
    numbers = [events.order_by(order).values_list("id", flat=True)[:limit] for events in sets]
    if not numbers:
        return AuditEvent.objects.none().values_list("id", flat=True)
    return numbers[0].union(*numbers[1:]).order_by(order)[:limit] if len(numbers) > 1 else numbers[0]


def _numbered(ids: Sequence[int]) -> list[OpenedRow]:
    """Return the opened events with these numbers, newest first."""
    return open_events(stored(AuditEvent.objects.filter(id__in=ids).order_by("-id").values_list(*COLUMNS)))


def _folded_rows(groups: Sequence[Group], viewer: Any) -> list[EventRow]:
    """Return the rows of these groups, newest first, each with the events it represents."""
    by_number = {group.shown: group for group in groups}
    rows = _rows(_numbered(list(by_number)), viewer)
    return [replace(row, folded=by_number[row.id].folded, since=by_number[row.id].since) for row in rows]


def _rows(events: Sequence[OpenedRow], viewer: Any) -> list[EventRow]:
    seals, language = seals_of([event.stored.event_id for event in events]), Language.current()
    sentences = _with_names([sentence(event, language) for event in events], language)
    links = Links(viewer, _refs(events, sentences))
    return [
        _row(event, parts, links, seals, language) for event, parts in zip(events, sentences, strict=True)
    ]


def _refs(events: Sequence[OpenedRow], sentences: Sequence[Sequence[Part]]) -> Iterator[str]:
    """Return all refs that the rows of these events may link."""
    for event in events:
        yield from (f"event:{event.stored.event_id}", event.target_ref, event.parent_ref)
    for parts in sentences:
        yield from (part.ref for part in parts)


def _with_names(sentences: Sequence[Sequence[Part]], language: Language) -> list[list[Part]]:
    """Replace the numbers of people whom a filter names by their present names."""
    numbered = {part.ref for parts in sentences for part in parts if _is_numbered_person(part, language)}
    users = get_user_model().objects.filter(pk__in=[int(ref[5:]) for ref in numbered]) if numbered else []
    names = {f"user:{user.pk}": user.display_name for user in users}
    return [
        [
            part._replace(text=names.get(part.ref, part.text)) if part.ref in numbered else part
            for part in parts
        ]
        for parts in sentences
    ]


def _is_numbered_person(part: Part, language: Language) -> bool:
    key = part.ref.removeprefix("user:")
    is_number = key != part.ref and key.isascii() and key.isdigit() and len(key) < 19
    return is_number and part.text == named("person", part.ref, "", language).text


def _row(
    event: OpenedRow, parts: Sequence[Part], links: Links, seals: Mapping[UUID, Seal], language: Language
) -> EventRow:
    text = EventText(event, language)
    viewing = viewing_name(event.text("viewing"))
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
        actor_name=text.actor.text,
        actor_role=labels.roles(str(event.part("actor").get("role", "")), language),
        sentence=tuple(_linked(part, links) for part in parts),
        about=tuple(_linked(part, links) for part in _about(event, parts, language)),
        label=text.private("object.label"),
        purpose=language.gettext(labels.purpose(event.purpose)) if event.purpose else "",
        note=text.private("purpose.note"),
        source=text.private("source.ip"),
        skewed=event.stored.skewed,
        href=links.to(f"event:{event.stored.event_id}"),
        leaf=seal.leaf,
        seal=seal.state,
        viewing=viewing,
        viewing_href=links.to_viewing(viewing),
    )


def _linked(part: Part, links: Links) -> LinkedPart:
    return LinkedPart(part.text, links.to(part.ref), part.is_value, part.is_actor)


def _about(event: OpenedRow, sentence: Sequence[Part], language: Language) -> list[Part]:
    """Name what the event is about where its sentence does not: the recording and its object."""
    if event.target_kind not in ("object", "recording"):
        return []
    parts = [named(event.target_kind, event.target_ref, "", language)]
    if event.parent_ref:
        parts.append(named("object", event.parent_ref, "", language))
    mentioned = {part.ref for part in sentence}
    return [part for part in parts if part.ref not in mentioned]
