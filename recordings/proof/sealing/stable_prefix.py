"""Up to which number, and up to which time, no event can appear any more.

Numbers are given when an event is inserted, and the event appears when its transaction commits: a later number may
well be there first. Whoever inserts an event holds a ROW EXCLUSIVE lock on the table from before the number is drawn
until the transaction is over, and a transaction is visible before it lets its locks go. So: note the largest number
that is visible, the time, and who holds such a lock; once none of those holds it any more, every number up to that one
is either visible or was rolled back, and every event that was recorded before that time is visible. (The snapshot's
xmin is not enough: a number is drawn before its transaction has an id. Nor is any age: a transaction may stay open for
hours.) An event takes its time a moment before it takes the lock: a minute is left for that.
"""

import time
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import psycopg

from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import NotYet

# One statement: its snapshot – what max() sees – is older than its look at the clock and the locks.
_LOOK = """
SELECT coalesce((SELECT max(id) FROM audit.event), -1), clock_timestamp(), ARRAY(
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit.event'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
MARGIN = timedelta(seconds=60)
BEGINNING = "1970-01-01T00:00:00.000000Z"
_PATIENCE, _PAUSE = 5.0, 0.05


class Settled(NamedTuple):
    """No event can appear any more with a number up to `number`, or recorded before `time`."""

    number: int = -1
    time: str = BEGINNING


class Horizon:
    """Looked at now and then; `settled` only grows, and holds for every statement that begins after the look."""

    def __init__(self) -> None:
        self.settled = Settled()
        self._mark: tuple[Settled, frozenset[str]] | None = None

    def look(self, connection: psycopg.Connection[Any]) -> Settled:
        """Look once; returns what is settled now."""
        ((newest, now, holders),) = connection.execute(_LOOK).fetchall()
        seen, writers = Settled(newest, _before(now)), frozenset(holders)
        if self._mark and not self._mark[1] & writers:
            self._settle(self._mark[0])
            self._mark = None
        if not writers:
            self._settle(seen)
        elif self._mark is None:
            self._mark = seen, writers
        return self.settled

    def _settle(self, seen: Settled) -> None:
        self.settled = Settled(max(self.settled.number, seen.number), max(self.settled.time, seen.time))


def wait_settled(connection: psycopg.Connection[Any]) -> None:
    """Return once everybody who is writing events now has ended. Raises NotYet when that takes long."""
    horizon, end = Horizon(), time.monotonic() + _PATIENCE
    while horizon.look(connection) == Settled():
        if time.monotonic() > end:
            raise NotYet(
                "A transaction that writes events does not end; it must, before the log can be checked."
            )
        time.sleep(_PAUSE)


def _before(now: datetime) -> str:
    return stamp(now - MARGIN)
