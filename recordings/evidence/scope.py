"""What a bundle is about: one thing, one actor or everybody, for all time or from one moment to another."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from recordings.audit.filters import TrailFilters
from recordings.exceptions import PortalError
from recordings.sealing.entries import stamp

TARGET, ACTOR, ALL = "target", "actor", "all"


class NotOneScope(PortalError):
    """The filters of a report that a bundle cannot answer for."""

    status = 400
    sentence = (
        "A bundle proves that nothing is left out, so it is about one thing only: one recording or object, one "
        "person, or a period. Take the other filters away, or ask for CSV."
    )


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
        """The scope as a person would say it: "everything on recording:…, from 2026-11-01T00:00:00Z"."""
        what = {TARGET: f"every event on {self.ref}", ACTOR: f"every event by {self.ref}"}
        words = what.get(self.kind, "every event")
        words += f", from {_said(self.since)}" if self.since else ""
        return words + (f", before {_said(self.until)}" if self.until else "")


def _said(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
