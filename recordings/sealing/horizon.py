"""Up to which number no event can appear any more.

Numbers are given when an event is inserted, and the event appears when its transaction commits: a later number may
well be there first. Whoever inserts an event holds a ROW EXCLUSIVE lock on the table from before the number is drawn
until the transaction is over, and a transaction is visible before it lets its locks go. So: note the largest number
that is visible and who holds such a lock; once none of those holds it any more, every number up to that one is either
visible or was rolled back. (The snapshot's xmin is not enough: a number is drawn before its transaction has an id.
Nor is any age: a transaction may stay open for hours.)
"""

from typing import Any

import psycopg

# One statement: its snapshot – what max() sees – is older than its look at the locks.
_LOOK = """
SELECT coalesce((SELECT max(id) FROM audit.event), -1), ARRAY(
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'relation' AND relation = 'audit.event'::regclass AND mode = 'RowExclusiveLock' AND granted
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""


class Horizon:
    """Looked at now and then; `settled` only grows, and holds for every statement that begins after the look."""

    def __init__(self) -> None:
        self.settled = -1
        self._mark: tuple[int, frozenset[str]] | None = None

    def look(self, connection: psycopg.Connection[Any]) -> int:
        """Look once; returns the number up to which nothing can appear any more."""
        row = connection.execute(_LOOK).fetchone()
        if row is None:
            return self.settled
        newest, writers = row[0], frozenset(row[1])
        if self._mark and not self._mark[1] & writers:
            self.settled, self._mark = self._mark[0], None
        if not writers:
            self.settled = newest
        elif self._mark is None:
            self._mark = newest, writers
        return self.settled
