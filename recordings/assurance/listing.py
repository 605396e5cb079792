"""List what is behind a cell: each expected recording with what is wrong with it, newest first, a page at a time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from recordings.assurance.classified import MissingIn, select_classified
from recordings.assurance.findings import Finding
from recordings.assurance.usual import NO_AGENT
from recordings.assurance.window import Window
from recordings.days import moment_of
from recordings.models import CommBoxObject, MediaCheck, MediaOutcome, Recording
from recordings.paging import NEWEST, PAGE, Page, Start, TimeKey
from recordings.wording import clock

_COLUMNS = (
    "at, id, object_id, recorded, stream_id, agent_id, seconds, bytes, state, lag_seconds,"
    " odd_length, odd_size, usual_seconds, findings"
)


@dataclass(frozen=True)
class Selection:
    """What of a window to list; None selects all."""

    day: date | None = None
    stream: int | None = None
    agent: int | None = None
    finding: Finding | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An expected recording: `recorded` is false for a conversation without one, then `id` is no recording's."""

    at: datetime
    id: UUID
    object_id: int
    recorded: bool
    stream_id: int
    agent_id: int | None
    seconds: int | None
    bytes: int | None
    state: str
    lag_seconds: int | None
    odd_length: bool
    odd_size: bool
    usual_seconds: int | None
    findings: list[str]

    @property
    def key(self) -> TimeKey:
        return TimeKey(self.at, self.id)


def items_page(
    window: Window, selection: Selection, missing_in: MissingIn, start: Start[TimeKey] = NEWEST
) -> Page[Item, TimeKey]:
    """Select a page of expected recordings."""
    items = select_items(window, selection, missing_in, after=start.key, newer=start.newer, limit=PAGE + 1)
    return Page.cut(items, start, attrgetter("key"))


def select_items(
    window: Window,
    selection: Selection,
    missing_in: MissingIn,
    *,
    after: TimeKey | None = None,
    newer: bool = False,
    limit: int | None = None,
) -> list[Item]:
    """Select expected recordings in order, those with a finding unless `everything` is selected: one query."""
    conditions, values = [], dict[str, Any]()
    if selection.day is not None:
        conditions.append("at >= %(from)s AND at < %(to)s")
        values |= {"from": moment_of(selection.day), "to": moment_of(selection.day + timedelta(days=1))}
    if selection.stream is not None:
        conditions.append("stream_id = %(stream)s")
        values["stream"] = selection.stream
    if selection.agent is not None:
        conditions.append("agent_id IS NULL" if selection.agent == NO_AGENT else "agent_id = %(agent)s")
        values["agent"] = selection.agent
    if selection.finding is not None:
        conditions.append("%(finding)s = ANY(findings)")
        values["finding"] = selection.finding.value
    elif not selection.everything:
        conditions.append("findings && %(open)s")
    if after is not None:
        conditions.append(f"(at, id) {'>' if newer else '<'} (%(after_at)s, %(after_id)s)")
        values |= {"after_at": after.shown_at, "after_id": after.id}
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    order = "ORDER BY at, id" if newer else "ORDER BY at DESC, id DESC"
    statement = f"SELECT {_COLUMNS} FROM classified {where} {order} LIMIT %(limit)s"  # noqa: S608 (words of our own)
    rows = select_classified(statement, window, missing_in, limit=limit, **values)
    return [Item(*row) for row in rows]


def reasons_for(items: Iterable[Item]) -> dict[UUID, dict[Finding, str]]:
    """Explain the findings of each recording of a page, where more is known than the finding itself: two queries."""
    listed = {item.id: item for item in items if item.recorded and item.findings}
    reasons: dict[UUID, dict[Finding, str]] = {}
    for pk, item in listed.items():
        late = f"listed {_minutes(item.lag_seconds)} after the call ended" if item.lag_seconds else ""
        reasons[pk] = {Finding.LATE: late, Finding.OUTLIER: _oddness(item)}
    rows = Recording.objects.filter(pk__in=listed).values_list("pk", "state_reason", "file_judged")
    for pk, state_reason, file_judged in rows:
        reasons[pk] |= {Finding.UNPLAYABLE: state_reason, Finding.DIFFERS: file_judged}
    checks = MediaCheck.objects.filter(recording__in=listed).order_by("recording", "-checked_at")
    for check in checks.distinct("recording"):
        if check.outcome == MediaOutcome.FAILS:
            reasons[check.recording_id][Finding.UNPLAYABLE] = check.sentence
    return reasons


def refreshed_at_by_object(items: Iterable[Item]) -> dict[int, datetime | None]:
    """Look up when each object of a page was last refreshed: one query."""
    rows = CommBoxObject.objects.filter(pk__in={item.object_id for item in items})
    return dict(rows.values_list("pk", "refreshed_at"))


def _oddness(item: Item) -> str:
    length = f"unusual length: {clock(item.usual_seconds)} is usual" if item.odd_length else ""
    return "; ".join(filter(None, [length, "unusual bytes per second" if item.odd_size else ""]))


def _minutes(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} m" if minutes < 120 else f"{minutes // 60} h {minutes % 60} m"
