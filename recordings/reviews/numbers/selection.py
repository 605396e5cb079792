"""Which evaluations the numbers are about: a period, filters and the reach of the person who reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from recordings.days import moment_of, today
from recordings.db import Where
from recordings.reach import Reach

WEEKS, MOST_WEEKS = 13, 53
_WEEK = timedelta(days=7)
_FILTERS = {
    "version": "{row}.version_id = %s",
    "team": "{row}.agent_id IN (SELECT id FROM recordings_agent WHERE team_id = %s)",
    "agent": "{row}.agent_id = %s",
    "channel": "{row}.stream_id = %s",
    "sample": (
        "{row}.evaluation_id IN (SELECT a.evaluation_id FROM recordings_assignment a"
        " JOIN recordings_samplepick p ON p.id = a.pick_id WHERE p.sample_id = %s)"
    ),
}
_OF_CALLS = ("team", "agent", "channel")


def monday(day: date) -> date:
    """Return the first day of the day's week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


@dataclass(frozen=True)
class Selection:
    """Evaluations of recordings of a period of whole days in a time zone, by their recordings' time.

    A team means its present agents.
    """

    since: date
    until: date
    zone: str
    version: UUID | None = None
    team: int | None = None
    agent: int | None = None
    channel: int | None = None
    sample: UUID | None = None
    # Agents whose calls do not count: those that the reader is or was.
    not_of: tuple[int, ...] = ()

    @classmethod
    def newest(cls, zone: str) -> "Selection":
        """Return the last WEEKS weeks, this one included."""
        last = today(ZoneInfo(zone))
        return cls(monday(last) - (WEEKS - 1) * _WEEK, last, zone)

    @property
    def weeks(self) -> list[date]:
        """Return the first day of each week, from the week of `since` to that of `until`."""
        first, last = monday(self.since), monday(self.until)
        return [first + number * _WEEK for number in range((last - first).days // 7 + 1)]

    @property
    def edges(self) -> list[datetime]:
        """Return the moments at which the weeks begin, and that at which the last one ends."""
        weeks, zone = self.weeks, ZoneInfo(self.zone)
        return [moment_of(day, zone=zone) for day in [*weeks, weeks[-1] + _WEEK]]

    def where(self, row: str, reach: Reach) -> Where:
        """Return the condition on rows of current scores, which only evaluations that count have: those in reach."""
        within = self._period(row) & self._filters(row, tuple(_FILTERS)) & reach.where(row)
        if self.not_of:
            own = f"{{{','.join(map(str, self.not_of))}}}"
            within &= Where(f"coalesce({row}.agent_id <> ALL(%s::bigint[]), true)", (own,))
        return within

    def where_recordings(self, row: str, reach: Reach) -> Where:
        """Return the condition on rows of search: the recordings that could have been evaluated."""
        within = Where(f"{row}.has_recording") & self._period(row) & self._filters(row, _OF_CALLS)
        return within & reach.where(row)

    def _period(self, row: str) -> Where:
        zone = ZoneInfo(self.zone)
        ends = moment_of(self.since, zone=zone), moment_of(self.until + timedelta(days=1), zone=zone)
        return Where(f"{row}.shown_at >= %s AND {row}.shown_at < %s", ends)

    def _filters(self, row: str, names: tuple[str, ...]) -> Where:
        where = Where()
        for name in names:
            if (value := getattr(self, name)) is not None:
                where &= Where(_FILTERS[name].format(row=row), (value,))
        return where

    def as_detail(self) -> dict[str, Any]:
        """Return the selection as JSON has it, without filters that are not set; `from_detail` reads it back."""
        ends = {"since": str(self.since), "until": str(self.until), "zone": self.zone}
        uuids = {name: str(value) for name in ("version", "sample") if (value := getattr(self, name))}
        ids = {name: getattr(self, name) for name in _OF_CALLS}
        own = {"not_of": list(self.not_of)} if self.not_of else {}
        return ends | uuids | own | {name: value for name, value in ids.items() if value is not None}

    def as_logged(self) -> dict[str, Any]:
        """Return the selection as an event has it."""
        return self.as_detail()

    @classmethod
    def from_detail(cls, detail: Mapping[str, Any]) -> "Selection":
        since, until = date.fromisoformat(detail["since"]), date.fromisoformat(detail["until"])
        version, sample = (UUID(detail[name]) if name in detail else None for name in ("version", "sample"))
        ids = {name: detail.get(name) for name in _OF_CALLS}
        own = tuple(detail.get("not_of", ()))
        return cls(since, until, detail["zone"], version, sample=sample, not_of=own, **ids)
