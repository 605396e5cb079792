"""The stable prefix of the trail: the number, and the time, up to which no event can appear any more.

An event gets its number when it is inserted and becomes visible when its transaction commits, so a larger number may
become visible first. Inserting takes a ROW EXCLUSIVE lock on the table before the number is drawn and keeps it until
the transaction ends, and a transaction's rows are visible before its locks are released.

Therefore: note the largest visible number, the time, and the transactions that hold such a lock. Once all of these have
ended, every number up to that one is visible or was rolled back, and every event recorded before that time is visible.

The snapshot's xmin is not enough, because a number is drawn before its transaction has an id. An age is not enough
either, because a transaction may stay open for hours. An event takes its time shortly before its lock; a margin of a
minute covers that.
"""

import time
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg

from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import NotYet

# One statement, so that its snapshot, which max() uses, is older than the clock and the locks that it reads.
_LOOK = """
SELECT coalesce((SELECT max(id) FROM audit.event), -1), clock_timestamp(), ARRAY(
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit.event'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
MARGIN = timedelta(seconds=60)
BEGINNING = "1970-01-01T00:00:00.000000Z"
_WAIT_SECONDS, _POLL_SECONDS = 5.0, 0.05


class StablePrefix(NamedTuple):
    """No event can appear any more with a number up to `number`, or recorded before `time`."""

    number: int = -1
    time: str = BEGINNING


class StablePrefixTracker:
    """Follows the stable prefix. `current` never shrinks, and holds for every statement that starts after an update."""

    def __init__(self) -> None:
        self.current = StablePrefix()
        # What was visible when the writers were last noted, and those writers. Once all of them ended, it is stable.
        self._pending: tuple[StablePrefix, frozenset[str]] | None = None

    def update(self, connection: psycopg.Connection[Any]) -> StablePrefix:
        """Query the database once; returns the stable prefix."""
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
    """Wait until every transaction that is writing events now has ended. Raises NotYet after _WAIT_SECONDS."""
    tracker, end = StablePrefixTracker(), time.monotonic() + _WAIT_SECONDS
    while tracker.update(connection) == StablePrefix():
        if time.monotonic() > end:
            raise NotYet(
                "A transaction that writes events is still open; the log can be checked once it has ended."
            )
        time.sleep(_POLL_SECONDS)
