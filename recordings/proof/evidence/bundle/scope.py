"""The scope of a bundle: one target, one object with its recordings, one actor or everything, and a period."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from django.utils.translation import gettext_lazy as _

from recordings.proof.evidence.bundle.references import known_reference
from recordings.proof.evidence.errors import CannotBeLimited, NotOneScope, NotPassed
from recordings.proof.sealing.entries import stamp
from recordings.reach import Reach
from recordings.trail.filters import TrailFilters

TARGET, OBJECT, ACTOR, ALL = "target", "object", "actor", "all"
_OF_OBJECTS = ("object:", "recording:")


@dataclass(frozen=True)
class Scope:
    """A scope. `ref`: empty for the kind "all". `since`: inclusive, `until`: exclusive; None means no limit."""

    kind: str
    ref: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @classmethod
    def of(cls, filters: TrailFilters) -> Self:
        """Return the scope of a report's filters. Raises NotOneScope when they are more than one scope."""
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
    def asked(cls, filters: TrailFilters, now: datetime, reach: Reach) -> Self:
        """Return the scope for a new request: its reference exists and is canonical, and its period is over.

        `reach`: where the person may export. Raises NotOneScope, UnknownReference, NotPassed or CannotBeLimited.
        """
        scope = cls.of(filters)
        if scope.until and scope.until > now:
            raise NotPassed(_ENDS_LATER)
        if scope.since and scope.since > now:
            raise NotPassed(_BEGINS_LATER)
        scope.check_reach(reach)
        if scope.kind == ALL:
            return scope
        ref = known_reference(scope.ref, reach)
        return replace(scope, ref=ref, kind=scope.kind if scope.kind == ACTOR else _kind_of(ref))

    def check_reach(self, reach: Reach) -> None:
        """Raise unless a bundle of this scope is within the reach.

        Raises CannotBeLimited for a range or a chain of more than the events on one object, UnknownReference for an
        object or a recording outside the reach.
        """
        if reach.is_everything:
            return
        if self.kind not in (OBJECT, TARGET) or not self.ref.strip().lower().startswith(_OF_OBJECTS):
            raise CannotBeLimited
        known_reference(self.ref, reach)

    def as_claim(self) -> dict[str, str]:
        """Return the scope in the form of bundle.json and of the requesting event."""
        claim = {
            "kind": self.kind,
            "ref": self.ref,
            "from": stamp(self.since) if self.since else "",
            "to": stamp(self.until) if self.until else "",
        }
        return {name: value for name, value in claim.items() if value}

    @classmethod
    def from_claim(cls, claim: Mapping[str, str]) -> Self:
        """Return the scope that `as_claim` wrote."""
        since, until = (
            datetime.fromisoformat(claim[edge]) if edge in claim else None for edge in ("from", "to")
        )
        return cls(claim["kind"], claim.get("ref", ""), since, until)

    def holds(self, recorded_at: str) -> bool:
        """Return whether a time, in the form of an entry, is within the period."""
        after_start = self.since is None or recorded_at >= stamp(self.since)
        return after_start and (self.until is None or recorded_at < stamp(self.until))


_ENDS_LATER = _("The period ends in the future. Choose an end in the past, or leave it empty.")
_BEGINS_LATER = _("The period begins in the future. Choose a beginning in the past.")


def _kind_of(ref: str) -> str:
    return OBJECT if ref.strip().lower().startswith("object:") else TARGET


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
