"""Decide when to refresh an object again: often while its conversation is active, rarely once it is closed."""

import random
from datetime import datetime, timedelta

from recordings.commbox import BadRequest, BadResponse, CommBoxError, NotFound
from recordings.models import CommBoxObject

# Resolved, Irrelevant, Deleted, Archive (CommBox's ObjectStatusType).
FINISHED = frozenset({2, 4, 5, 14})
# (quiet for less than, refresh again after); the last line holds for everything older. A recording appears seconds to
# minutes after its call, and an object may stay open after the call.
OPEN = (
    (timedelta(hours=1), timedelta(minutes=1)),
    (timedelta(days=1), timedelta(minutes=5)),
    (timedelta(days=7), timedelta(hours=1)),
    (timedelta.max, timedelta(hours=12)),
)
CLOSED = (
    (timedelta(hours=1), timedelta(minutes=2)),
    (timedelta(days=1), timedelta(minutes=30)),
    (timedelta(days=30), timedelta(hours=20)),
    (timedelta.max, timedelta(days=7)),
)
FRESH = timedelta(hours=1)
LONGEST = timedelta(days=90)
KEEPS_UP = timedelta(minutes=2)
MOST_PRESSURE = 100.0
LEASE = timedelta(seconds=60)
FIRST_RETRY = timedelta(seconds=30)
SOURCE_RETRY = timedelta(minutes=1)
LAST_RETRY = timedelta(hours=1)
HOPELESS_RETRY = timedelta(hours=6)


def is_over(thing: CommBoxObject) -> bool:
    """Return whether CommBox reports the conversation as ended."""
    return thing.closed_at is not None or thing.status_id in FINISHED


def pressure(oldest_due_at: datetime | None, now: datetime) -> float:
    """Return how overloaded the queue is: 1 while it keeps up, growing with the age of the longest due object."""
    waited = now - oldest_due_at if oldest_due_at else timedelta(0)
    return min(max(waited / KEEPS_UP, 1.0), MOST_PRESSURE)


def look_again_after(thing: CommBoxObject, now: datetime, pressure: float = 1.0) -> timedelta:
    """Return the pause until the next refresh, by the object's state and the time since its last change.

    Under pressure, all but fresh objects wait longer, so that the call budget goes to objects that may still change
    (docs/refresh.md has the calculation). Never longer than LONGEST.
    """
    moments = [moment for moment in (thing.created_at, thing.updated_at, thing.closed_at) if moment]
    quiet_for = now - max(moments, default=thing.first_seen_at)
    steps = CLOSED if is_over(thing) else OPEN
    pause = next(pause for younger_than, pause in steps if quiet_for < younger_than)
    return pause if quiet_for < FRESH else min(pause * pressure, LONGEST)


def retry_after(error: CommBoxError | None, attempts: int) -> timedelta:
    """Return the pause after the nth failure of an object in a row.

    While CommBox fails (or, without an error, the portal itself), the circuit breaker stops calls; the pause is at most
    a minute, so that the object is refreshed soon after recovery. A response that cannot be read doubles the pause up
    to an hour. An object that CommBox does not know is refreshed four times a day. Never sooner than CommBox asked.
    """
    if isinstance(error, (NotFound, BadRequest)):
        return HOPELESS_RETRY
    doubled = FIRST_RETRY * (1 << min(max(attempts - 1, 0), 10))
    ceiling = LAST_RETRY if isinstance(error, BadResponse) else SOURCE_RETRY
    asked_for = timedelta(seconds=error.retry_after or 0 if error else 0)
    return max(min(doubled, ceiling), min(asked_for, LAST_RETRY))


def spread(pause: timedelta) -> timedelta:
    """Vary the pause by up to a tenth, so that objects found together are not always refreshed together."""
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 (not a secret)
