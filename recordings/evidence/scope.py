"""What a bundle is about: one thing, one actor or everybody, for all time or from one moment to another."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from recordings.audit.filters import TrailFilters
from recordings.evidence.errors import NotOneScope
from recordings.sealing.entries import stamp

TARGET, ACTOR, ALL = "target", "actor", "all"


@dataclass(frozen=True)
class Scope:
    """`ref` is empty for everybody's events. `since` is inclusive, `until` exclusive; either may be open."""

    kind: str
    ref: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, filters: TrailFilters) -> Self:
        """The scope that a report's filters stand for. Raises NotOneScope when they stand for no single one."""
        narrowed = filters.groups or filters.kinds or filters.outcome or filters.purpose or filters.nothing
        if (
            narrowed
            or filters.any_ref
            or filters.request
            or filters.event
            or (filters.target and filters.actor)
        ):
            raise NotOneScope
        since = _midnight(filters.since) if filters.since else None
        until = _midnight(filters.until + timedelta(days=1)) if filters.until else None
        kind = TARGET if filters.target else ACTOR if filters.actor else ALL
        return cls(kind, filters.target or filters.actor, since, until)

    def as_claim(self) -> dict[str, Any]:
        """The scope as `bundle.json` says it."""
        said = {"kind": self.kind, "ref": self.ref}
        said |= {"from": stamp(self.since)} if self.since else {}
        said |= {"to": stamp(self.until)} if self.until else {}
        return {name: value for name, value in said.items() if value}

    def holds(self, recorded_at: str) -> bool:
        """Whether a moment, spelled as in an entry, lies within the scope's time."""
        after_start = self.since is None or recorded_at >= stamp(self.since)
        return after_start and (self.until is None or recorded_at < stamp(self.until))

    def in_words(self) -> str:
        """The scope as a person would say it: "every event on recording:…, from 2026-11-01 00:00:00 UTC"."""
        what = {TARGET: f"every event on {self.ref}", ACTOR: f"every event by {self.ref}"}
        return ", ".join(filter(None, [what.get(self.kind, "every event"), self.time_in_words()]))

    def time_in_words(self) -> str:
        """The scope's time, as "from …, before …"; empty for all time."""
        edges = (("from", self.since), ("before", self.until))
        return ", ".join(f"{word} {_said(moment)}" for word, moment in edges if moment)


def _said(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
