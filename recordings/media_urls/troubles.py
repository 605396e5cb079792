"""Remember that storage refuses the portal itself: its clock, its key or its list of buckets.

A trouble is kept in Redis for a quarter of an hour, for the operations page. It is logged as well.
"""

from dataclasses import dataclass

import structlog
from django.core.cache import cache

from recordings.storage import NextStep, ProbeResult, StorageOutcome

logger = structlog.get_logger("portal.storage")

# A larger difference is shown before links begin to fail: the shortest link is valid for 15 seconds.
CLOCK_TOLERANCE_SECONDS = 10.0
KEPT_SECONDS = 900
_KEY = "storage:trouble"


@dataclass(frozen=True, slots=True)
class StorageTrouble:
    """A problem that the portal's operator has to fix. `clock_ahead`: seconds by which storage's clock is ahead."""

    outcome: StorageOutcome
    place: str
    clock_ahead: float | None


def note(place: str, answer: ProbeResult) -> None:
    """Remember a problem with the portal's access to a bucket. Forget it when the bucket serves a file."""
    outcome, ahead = answer.outcome, answer.clock_ahead
    if ahead is not None and abs(ahead) > CLOCK_TOLERANCE_SECONDS:
        outcome = StorageOutcome.CLOCK_SKEWED
    if outcome.next is NextStep.OPERATOR:
        cache.set(_KEY, {"outcome": outcome.value, "place": place, "ahead": ahead}, KEPT_SECONDS)
        logger.warning("storage refuses the portal", outcome=outcome.value, place=place, clock_ahead=ahead)
    elif outcome is StorageOutcome.FOUND and (cache.get(_KEY) or {}).get("place") == place:
        cache.delete(_KEY)


def current() -> StorageTrouble | None:
    """Return the last problem that is not over, or None."""
    try:
        known = cache.get(_KEY) or {}
        return StorageTrouble(StorageOutcome(known["outcome"]), str(known["place"]), known["ahead"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None  # nothing is stored, or another release stored it
