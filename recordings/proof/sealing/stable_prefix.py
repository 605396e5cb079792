"""The stable prefix of the events: up to which number, and up to which time, no event can appear any more.

Numbers are given when an event is inserted, and the event appears when its transaction commits: a later number may
well be there first. Whoever inserts an event holds a ROW EXCLUSIVE lock on the table from before the number is drawn
until the transaction is over, and a transaction is visible before it lets its locks go. So: note the largest number
that is visible, the time, and who holds such a lock; once none of those holds it any more, every number up to that one
is either visible or was rolled back, and every event that was recorded before that time is visible. (The snapshot's
xmin is not enough: a number is drawn before its transaction has an id. Nor is any age: a transaction may stay open for
hours.) An event takes its time a moment before it takes the lock: a minute is left for that.
"""

import time
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg

from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import NotYet

# One statement: its snapshot – what max() sees – is older than what it reads of the clock and the locks.
_LOOK = """
SELECT coalesce((SELECT max(id) FROM audit.event), -1), clock_timestamp(), ARRAY(
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit.event'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
MARGIN = timedelta(seconds=60)
BEGINNING = "1970-01-01T00:00:00.000000Z"
_PATIENCE, _PAUSE = 5.0, 0.05


class StablePrefix(NamedTuple):
    """No event can appear any more with a number up to `number`, or recorded before `time`."""

    number: int = -1
    time: str = BEGINNING


class StablePrefixTracker:
    """Follows the stable prefix. `current` only grows, and holds for every statement that begins after an update."""

    def __init__(self) -> None:
        self.current = StablePrefix()
        # What was visible when writers were last noted, and these writers: once all have ended, it is stable.
        self._pending: tuple[StablePrefix, frozenset[str]] | None = None

    def update(self, connection: psycopg.Connection[Any]) -> StablePrefix:
        """Ask the database once; returns what is stable now."""
        ((newest, now, holders),) = connection.execute(_LOOK).fetchall()
        visible, writers = StablePrefix(newest, stamp(now - MARGIN)), frozenset(holders)
        if self._pending and not self._pending[1] & writers:
            self._grow_to(self._pending[0])
            self._pending = None
        if not writers:
            self._grow_to(visible)
        elif self._pending is None:
            self._pending = visible, writers
        return self.current

    def _grow_to(self, prefix: StablePrefix) -> None:
        self.current = StablePrefix(
            max(self.current.number, prefix.number), max(self.current.time, prefix.time)
        )


def wait_for_writers(connection: psycopg.Connection[Any]) -> None:
    """Wait until everybody who is writing events now has ended. Raises NotYet when that takes long."""
    tracker, end = StablePrefixTracker(), time.monotonic() + _PATIENCE
    while tracker.update(connection) == StablePrefix():
        if time.monotonic() > end:
            raise NotYet(
                "A transaction that writes events does not end; it must, before the log can be checked."
            )
        time.sleep(_PAUSE)
