"""The queue as a list, by deadline: what a person may supervise, with the newest disposition of each item."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from recordings.models import DONE, Agent, Stream, SupervisionDisposition, SupervisionItem
from recordings.paging import PAGE, Page, Start, TimeKey
from recordings.permissions import Permission
from recordings.policies import reach
from recordings.reviews.supervision.rules import TONES, WAITING, state_label

SOON = timedelta(days=2)


@dataclass(frozen=True)
class QueueFilters:
    """`state`: a state, `open`, `done`, or empty for all. `deadline`: `overdue`, `soon` or empty."""

    state: str = "open"
    mine: bool = True
    source: str = ""
    channel: int | None = None
    agent: int | None = None
    deadline: str = ""


_MINE = QueueFilters()


@dataclass(frozen=True)
class QueueRow:
    """An item in the list."""

    item: Any
    agent_name: str
    now: datetime

    @property
    def label(self) -> str:
        return state_label(self.item.state)

    @property
    def tone(self) -> str:
        return TONES.get(self.item.state, "info")

    @property
    def is_open(self) -> bool:
        return self.item.state not in DONE

    @property
    def is_overdue(self) -> bool:
        return self.is_open and self.item.by < self.now


def items_of(person: Any) -> QuerySet[Any]:
    """Select what a person may supervise; `state`, `holder` and `by` are of the newest disposition.

    `by` is the deadline, and for an item that left the queue when it did.
    """
    newest = SupervisionDisposition.objects.filter(item=OuterRef("pk")).order_by("-number")
    within = reach(person, Permission.SUPERVISE)
    rows = SupervisionItem.objects.filter(within.q("recording__object__"))
    if person.own_agent_ids:
        rows = rows.exclude(recording__object__agent__in=person.own_agent_ids)
    return rows.annotate(
        state=Coalesce(Subquery(newest.values("disposition")[:1]), Value(WAITING)),
        holder=Subquery(newest.values("holder")[:1]),
        level=Coalesce(Subquery(newest.values("level")[:1]), 0),
        by=Coalesce(
            Subquery(newest.values(at=Coalesce("due_at", "disposed_at"))[:1]),
            F("due_at"),
        ),
    )


def queue_page(person: Any, filters: QueueFilters, start: Start[TimeKey]) -> Page[QueueRow, TimeKey]:
    """Read a page, the earliest deadline first; of items that left the queue, the last one first. Three queries."""
    matching = _matching(items_of(person), person, filters)
    # Items that left the queue come after open ones, so each kind has one order.
    forwards = filters.state != "done" and filters.state not in DONE
    found = _from(matching, start, forwards).select_related("recording__object__stream")
    found = found.defer("recording__raw", "recording__object__raw")
    listed = list(found[: PAGE + 1])
    names = dict(
        Agent.objects.filter(pk__in={row.recording.object.agent_id for row in listed}).values_list(
            "pk", "name"
        )
    )
    now = timezone.now()
    rows = [QueueRow(row, names.get(row.recording.object.agent_id, ""), now) for row in listed]
    return Page.cut(rows, start, lambda row: TimeKey(row.item.by, row.item.pk))


def due_of(person: Any, filters: QueueFilters = _MINE) -> tuple[int, int]:
    """Count what a person is to decide: in all, and how much of it is overdue. One query."""
    now = timezone.now()
    waiting = _matching(items_of(person), person, filters).values_list("by", flat=True)
    deadlines = list(waiting)
    return len(deadlines), sum(by < now for by in deadlines)


def channels_of(person: Any) -> list[tuple[int, str]]:
    """List the channels that the person's items are in."""
    inside = items_of(person).order_by().values("recording__object__stream")
    return list(Stream.objects.filter(pk__in=inside).order_by("name", "pk").values_list("pk", "name"))


def agents_of(person: Any) -> list[tuple[int, str]]:
    """List the agents of the person's items."""
    inside = items_of(person).order_by().values("recording__object__agent")
    return list(Agent.objects.filter(pk__in=inside).order_by("name", "pk").values_list("pk", "name"))


def _matching(rows: QuerySet[Any], person: Any, filters: QueueFilters) -> QuerySet[Any]:
    if filters.state == "open":
        rows = rows.exclude(state__in=DONE)
    elif filters.state == "done":
        rows = rows.filter(state__in=DONE)
    elif filters.state:
        rows = rows.filter(state=filters.state)
    if filters.mine:
        rows = rows.filter(Q(holder=None) | Q(holder=person.pk))
    if filters.source:
        rows = rows.filter(source=filters.source)
    if filters.channel is not None:
        rows = rows.filter(recording__object__stream=filters.channel)
    if filters.agent is not None:
        rows = rows.filter(recording__object__agent=filters.agent)
    if filters.deadline:
        limit = timezone.now() + (SOON if filters.deadline == "soon" else timedelta())
        rows = rows.exclude(state__in=DONE).filter(by__lt=limit)
    return rows


def _from(rows: QuerySet[Any], start: Start[TimeKey], forwards: bool) -> QuerySet[Any]:
    ascending = forwards != start.newer
    if start.key is not None:
        at, pk = start.key
        side = "gt" if ascending else "lt"
        rows = rows.filter(Q(**{f"by__{side}": at}) | Q(by=at, **{f"pk__{side}": pk}))
    return rows.order_by("by", "pk") if ascending else rows.order_by("-by", "-pk")
