"""List expected recordings with their findings, newest first, page by page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from recordings.assurance.classified import MissingIn, select_classified
from recordings.assurance.findings import Finding
from recordings.assurance.usual import NO_AGENT
from recordings.assurance.window import Window
from recordings.days import moment_of
from recordings.models import CommBoxObject, MediaCheck, MediaOutcome, Recording
from recordings.paging import NEWEST, PAGE, Page, Start, TimeKey
from recordings.reach import Reach
from recordings.wording import clock, stored

_COLUMNS = (
    "at, id, object_id, recorded, stream_id, agent_id, seconds, bytes, state, lag_seconds,"
    " odd_length, odd_size, usual_seconds, findings"
)


@dataclass(frozen=True)
class Selection:
    """What to list of a window; None selects all. `everything`: also recordings without an open finding."""

    day: date | None = None
    stream: int | None = None
    agent: int | None = None
    finding: Finding | None = None
    everything: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """An expected recording. For a conversation without one `recorded` is false, and `id` is not a recording's id."""

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
    window: Window,
    selection: Selection,
    missing_in: MissingIn,
    reach: Reach,
    start: Start[TimeKey] = NEWEST,
) -> Page[Item, TimeKey]:
    """Select a page of expected recordings in this reach."""
    items = select_items(
        window, selection, missing_in, reach, after=start.key, newer=start.newer, limit=PAGE + 1
    )
    return Page.cut(items, start, attrgetter("key"))


def select_items(
    window: Window,
    selection: Selection,
    missing_in: MissingIn,
    reach: Reach,
    *,
    after: TimeKey | None = None,
    newer: bool = False,
    limit: int | None = None,
) -> list[Item]:
    """Select expected recordings in this reach newest first, or oldest first with `newer`. One query.

    Only those with an open finding, unless the selection names a finding or `everything`.
    """
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
    statement = f"SELECT {_COLUMNS} FROM classified {where} {order} LIMIT %(limit)s"  # noqa: S608 (constants of this module)
    rows = select_classified(statement, window, missing_in, reach, limit=limit, **values)
    return [Item(*row) for row in rows]


def reasons_for(items: Iterable[Item]) -> dict[UUID, dict[Finding, str]]:
    """Explain the findings of the recordings of a page where details are known. Two queries."""
    listed = {item.id: item for item in items if item.recorded and item.findings}
    reasons: dict[UUID, dict[Finding, str]] = {}
    for pk, item in listed.items():
        late = gettext("listed %(delay)s after the call ended") % {"delay": _delay(item.lag_seconds or 0)}
        reasons[pk] = {Finding.LATE: late if item.lag_seconds else "", Finding.OUTLIER: _oddness(item)}
    rows = Recording.objects.filter(pk__in=listed).values_list("pk", "state_reason", "file_judged")
    for pk, state_reason, file_judged in rows:
        reasons[pk] |= {Finding.UNPLAYABLE: stored(state_reason), Finding.DIFFERS: stored(file_judged)}
    checks = MediaCheck.objects.filter(recording__in=listed).order_by("recording", "-checked_at")
    for check in checks.distinct("recording"):
        if check.outcome == MediaOutcome.FAILS:
            reasons[check.recording_id][Finding.UNPLAYABLE] = stored(check.sentence)
    return reasons


def refreshed_at_by_object(items: Iterable[Item]) -> dict[int, datetime | None]:
    """Look up when each object of a page was last refreshed. One query."""
    rows = CommBoxObject.objects.filter(pk__in={item.object_id for item in items})
    return dict(rows.values_list("pk", "refreshed_at"))


def _oddness(item: Item) -> str:
    reasons = []
    if item.odd_length:
        reasons.append(gettext("unusual length: %(usual)s is usual") % {"usual": clock(item.usual_seconds)})
    if item.odd_size:
        reasons.append(gettext("unusual bytes per second"))
    return " · ".join(reasons)


def _delay(seconds: int) -> str:
    hours, minutes = divmod(seconds // 60, 60)
    if hours < 2:
        return gettext("%(number)s m") % {"number": seconds // 60}
    return gettext("%(hours)s h %(minutes)s m") % {"hours": hours, "minutes": minutes}
