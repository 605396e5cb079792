"""What storage refuses because of the portal itself: its clock, its key, its list of buckets.

Kept for a quarter of an hour after it was last met, for the pages of operations. Without Redis it is not kept; the log
has it all the same.
"""

from dataclasses import dataclass

import structlog
from django.core.cache import cache

from recordings.storage import NextStep, ProbeResult, StorageOutcome

logger = structlog.get_logger("portal.storage")

# A clock that differs by more is said before links begin to fail: the shortest link lives for 15 seconds.
CLOCK_TOLERANCE_SECONDS = 10.0
KEPT_SECONDS = 900
_KEY = "storage:trouble"


@dataclass(frozen=True, slots=True)
class StorageTrouble:
    """What somebody who runs the portal has to put right. `clock_ahead`: seconds by which storage's clock is ahead."""

    outcome: StorageOutcome
    place: str
    clock_ahead: float | None


def note(place: str, answer: ProbeResult) -> None:
    """Remember what is the matter with the portal's access to a bucket; forget it when the bucket answers well."""
    outcome, ahead = answer.outcome, answer.clock_ahead
    if ahead is not None and abs(ahead) > CLOCK_TOLERANCE_SECONDS:
        outcome = StorageOutcome.CLOCK_SKEWED
    if outcome.next is NextStep.OPERATOR:
        cache.set(_KEY, {"outcome": outcome.value, "place": place, "ahead": ahead}, KEPT_SECONDS)
        logger.warning("storage refuses the portal", outcome=outcome.value, place=place, clock_ahead=ahead)
    elif outcome is StorageOutcome.FOUND and (cache.get(_KEY) or {}).get("place") == place:
        cache.delete(_KEY)


def current() -> StorageTrouble | None:
    """Return what was met last and is not over."""
    try:
        known = cache.get(_KEY) or {}
        return StorageTrouble(StorageOutcome(known["outcome"]), str(known["place"]), known["ahead"])
    except (KeyError, ValueError, TypeError, AttributeError):
        return None  # nothing, or what another release has put there
