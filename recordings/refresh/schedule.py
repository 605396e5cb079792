"""When to look at an object again: often while things happen, rarely once they are over."""

import random
from datetime import datetime, timedelta

from recordings.commbox import BadRequest, BadResponse, CommBoxError, NotFound
from recordings.models import CommBoxObject

# Resolved, Irrelevant, Deleted, Archive (CommBox's ObjectStatusType).
FINISHED = frozenset({2, 4, 5, 14})
# A recording appears seconds to minutes after its call, and a call may belong to an object that stays open.
# (younger than, look again after); the last line holds for everything older.
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
    """Whether CommBox says that the conversation has ended."""
    return thing.closed_at is not None or thing.status_id in FINISHED


def pressure(oldest_due_at: datetime | None, now: datetime) -> float:
    """How much more is due than the call budget lets us ask: 1 while the queue keeps up, growing with its age."""
    waited = now - oldest_due_at if oldest_due_at else timedelta(0)
    return min(max(waited / KEEPS_UP, 1.0), MOST_PRESSURE)


def look_again_after(thing: CommBoxObject, now: datetime, pressure: float = 1.0) -> timedelta:
    """How long what was confirmed now may stand: by state and by time since anything happened.

    Under pressure everything but what is fresh is left alone for longer, so that the account's call budget goes to what
    may still change (docs/refresh.md does the arithmetic). Never longer than LONGEST.
    """
    moments = [moment for moment in (thing.created_at, thing.updated_at, thing.closed_at) if moment]
    quiet_for = now - max(moments, default=thing.first_seen_at)
    steps = CLOSED if is_over(thing) else OPEN
    pause = next(pause for younger_than, pause in steps if quiet_for < younger_than)
    return pause if quiet_for < FRESH else min(pause * pressure, LONGEST)


def retry_after(error: CommBoxError | None, attempts: int) -> timedelta:
    """How long to leave an object alone after its nth failure in a row.

    While the whole source fails (or, without an error, the portal itself) its gate holds calls back, so the object
    is ready within a minute of its return. An answer that cannot be read doubles the pause up to an hour; what
    CommBox does not know is asked for a few times a day. Never sooner than CommBox said (at most an hour).
    """
    if isinstance(error, (NotFound, BadRequest)):
        return HOPELESS_RETRY
    doubled = FIRST_RETRY * (1 << min(max(attempts - 1, 0), 10))
    ceiling = LAST_RETRY if isinstance(error, BadResponse) else SOURCE_RETRY
    asked_for = timedelta(seconds=error.retry_after or 0 if error else 0)
    return max(min(doubled, ceiling), min(asked_for, LAST_RETRY))


def spread(pause: timedelta) -> timedelta:
    """The pause, a tenth more or less: objects found together shall not stay together."""
    return pause * random.uniform(0.9, 1.1)  # noqa: S311 (nothing secret hangs on it)
