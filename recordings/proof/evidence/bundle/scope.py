"""What a bundle is about: one thing, one object with its recordings, one actor or everybody, and in which time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from recordings.proof.evidence.bundle.references import known_reference
from recordings.proof.evidence.errors import NotOneScope, NotPassed
from recordings.proof.sealing.entries import stamp
from recordings.trail.filters import TrailFilters

TARGET, OBJECT, ACTOR, ALL = "target", "object", "actor", "all"


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
        narrowed = (
            filters.all_kinds or filters.outcome or filters.purpose or filters.nothing or filters.no_reading
        )
        several = filters.any_ref or filters.request or filters.event or filters.words
        several = several or (filters.target and filters.actor)
        if narrowed or several:
            raise NotOneScope
        since = _midnight(filters.since) if filters.since else None
        until = _midnight(filters.until + timedelta(days=1)) if filters.until else None
        if filters.actor:
            return cls(ACTOR, filters.actor, since, until)
        return cls(_kind_of(filters.target) if filters.target else ALL, filters.target, since, until)

    @classmethod
    def asked(cls, filters: TrailFilters, now: datetime) -> Self:
        """The scope of a bundle that is asked for now: about what exists, spelled as the trail has it, in a time that
        has passed. Raises NotOneScope, UnknownReference or NotPassed, each with its sentence."""
        scope = cls.of(filters)
        if scope.until and scope.until > now:
            raise NotPassed(_ENDS_LATER)
        if scope.since and scope.since > now:
            raise NotPassed(_BEGINS_LATER)
        if scope.kind == ALL:
            return scope
        ref = known_reference(scope.ref)
        return replace(scope, ref=ref, kind=scope.kind if scope.kind == ACTOR else _kind_of(ref))

    def as_claim(self) -> dict[str, str]:
        """The scope as `bundle.json` and the event that asks for the bundle say it."""
        claim = {
            "kind": self.kind,
            "ref": self.ref,
            "from": stamp(self.since) if self.since else "",
            "to": stamp(self.until) if self.until else "",
        }
        return {name: value for name, value in claim.items() if value}

    @classmethod
    def from_claim(cls, claim: Mapping[str, str]) -> Self:
        """Read back what `as_claim` wrote."""
        since, until = (
            datetime.fromisoformat(claim[edge]) if edge in claim else None for edge in ("from", "to")
        )
        return cls(claim["kind"], claim.get("ref", ""), since, until)

    def holds(self, recorded_at: str) -> bool:
        """Whether a moment, spelled as in an entry, lies within the scope's time."""
        after_start = self.since is None or recorded_at >= stamp(self.since)
        return after_start and (self.until is None or recorded_at < stamp(self.until))


_ENDS_LATER = "The period ends in the future: choose an end that has passed, or leave the last day open."
_BEGINS_LATER = "The period begins in the future: choose a beginning that has passed."


def _kind_of(ref: str) -> str:
    return OBJECT if ref.strip().lower().startswith("object:") else TARGET


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
