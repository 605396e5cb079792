"""Read the events of a report from one snapshot slice by slice, in one process or several."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

import psycopg

from recordings.audit import snapshot as moment
from recordings.audit.opened import Opened, parsed, values_of
from recordings.audit.vault import Keyring
from recordings.reach import Reach
from recordings.trail.filters import TrailFilters, matching

BATCH = 1000
_KNOWN_KEYS = 10_000
_SLICES = """
SELECT max(id), count(*) FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM ({}) AS events) AS numbered
GROUP BY (n - 1) / %s ORDER BY 1
"""
# The database formats what needs no key: it is faster.
_EVENTS = """
SELECT id, event_id, event_id::text,
       to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), body, encode(body_hash, 'hex')
FROM ({}) AS events WHERE id > %s AND id <= %s ORDER BY id
"""


@dataclass(slots=True)
class Line(Opened):
    """An opened event with its number, its time, its exact bytes and their SHA-256."""

    number: int
    event_id: str
    recorded_at: str
    data: bytes
    sha256: str


class Slice(NamedTuple):
    """Consecutive events: their numbers are above `after` and at most `upto`."""

    after: int
    upto: int
    events: int


class Wanted(NamedTuple):
    """The events of a report: those of this reach. Personal values `without` are not decrypted."""

    filters: TrailFilters
    reach: Reach
    last_event_id: int
    without: tuple[str, ...] = ()


class Snapshot:
    """The trail at one moment, so that slices and events agree while others write."""

    def __init__(self, connection: psycopg.Connection[Any], wanted: Wanted) -> None:
        self._connection = connection
        events = matching(wanted.filters, wanted.reach).filter(id__lte=wanted.last_event_id)
        columns = ("id", "event_id", "recorded_at", "body", "body_hash")
        self._sql, self._params = events.values_list(*columns).query.sql_with_params()
        self._without = wanted.without
        self._keys = Keyring()  # kept between slices: within a snapshot a key exists or not

    @property
    def address(self) -> str:
        """Return the connection string for another process. It has the password: never log it."""
        return moment.address_of(self._connection)

    @property
    def name(self) -> str:
        """Return the name under which another process can join."""
        return moment.name_of(self._connection)

    def slices(self) -> list[Slice]:
        """Split all events, by their numbers, into slices of BATCH."""
        ends = self._fetch(_SLICES.format(self._sql), *self._params, BATCH)
        starts = [0, *(end for end, _ in ends)]
        return [Slice(start, end, count) for start, (end, count) in zip(starts, ends, strict=False)]

    def read(self, part: Slice) -> list[Line]:
        """Return the opened events of a slice."""
        rows = self._fetch(_EVENTS.format(self._sql), *self._params, part.after, part.upto)
        if len(self._keys) > _KNOWN_KEYS:
            self._keys = Keyring()
        ids = [event_id for _, event_id, *_ in rows]
        values = values_of(self._connection, ids, without=self._without, keys=self._keys)
        return [
            Line(parsed(data), values[event_id], number, text, recorded_at, data, sha256)
            for number, event_id, text, recorded_at, data, sha256 in rows
        ]

    def _fetch(self, statement: LiteralString, *wanted: Any) -> list[tuple[Any, ...]]:
        with psycopg.Cursor(self._connection) as cursor:
            return cursor.execute(statement, wanted, binary=True).fetchall()


@contextmanager
def snapshot(wanted: Wanted) -> Iterator[Snapshot]:
    """Open a snapshot on its own connection, so that progress can be committed while it is read."""
    with moment.snapshot() as connection:
        yield Snapshot(connection, wanted)


@contextmanager
def joined(address: str, name: str, wanted: Wanted) -> Iterator[Snapshot]:
    """Join the snapshot with this name from another process."""
    with moment.joined(address, name) as connection:
        yield Snapshot(connection, wanted)
