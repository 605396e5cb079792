"""The events of a report, read in one pass from one snapshot, a batch at a time."""

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString, NamedTuple

import psycopg
from pydantic_core import from_json

from recordings.audit import snapshot as moment
from recordings.audit.filters import TrailFilters, matching
from recordings.audit.opened import Opened
from recordings.audit.vault import Disclosed, Keyring

BATCH = 2000
# The server writes what needs no secret: it is faster at it, and at work on the next events meanwhile.
_EVENTS = """
SELECT id, uuid_send(event_id), event_id::text,
       to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), body, encode(body_hash, 'hex')
FROM ({}) AS events ORDER BY id
"""
# OFFSET 0: event by event, by the index. Left to itself the server reads all secrets there are for each batch.
_SECRETS = """
SELECT e.id, s.field, s.subject, s.sealed
FROM audit.event e
CROSS JOIN LATERAL (SELECT field, subject, sealed FROM audit.secret WHERE event_id = e.event_id OFFSET 0) AS s
WHERE e.id = ANY(%s) AND s.field <> ALL(%s)
"""
_KEYS = "SELECT subject, wrapped FROM audit.subject_key WHERE subject = ANY(%s)"


@dataclass(slots=True)
class Line(Opened):
    """An opened event as a report has it: its number, when it was recorded, the exact bytes and their SHA-256."""

    number: int
    event_id: str
    recorded_at: str
    data: bytes
    sha256: str


class Batch(NamedTuple):
    """What the server gave for some events: rows of _EVENTS, secrets (number, field, subject, sealed), wrapped keys."""

    rows: list[tuple[Any, ...]]
    secrets: list[tuple[Any, ...]]
    wrapped: dict[str, bytes]


class Snapshot:
    """The trail at one moment: the count and the events agree, whatever is written meanwhile."""

    def __init__(
        self, connection: psycopg.Connection[Any], filters: TrailFilters, last_event_id: int
    ) -> None:
        self._connection = connection
        self._events = matching(filters).filter(id__lte=last_event_id)

    def count(self) -> int:
        """How many events there are."""
        sql, params = _compiled(self._events.values_list("id"))
        row = self._connection.execute(f"SELECT count(*) FROM ({sql}) AS events", params).fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    def batches(self, *, without: Sequence[str] = ()) -> Iterator[list[Line]]:
        """The events in the order of their numbers; personal values that nobody asks for stay closed."""
        for batch in _one_ahead(self._fetched(list(without))):
            yield _opened(batch)

    def _fetched(self, without: list[str]) -> Generator[Batch, None, None]:
        sql, params = _compiled(
            self._events.values_list("id", "event_id", "recorded_at", "body", "body_hash")
        )
        with self._connection.cursor(name="report", binary=True) as cursor:
            cursor.execute(_EVENTS.format(sql), params)
            while rows := cursor.fetchmany(BATCH):
                secrets = self._fetch(_SECRETS, [row[0] for row in rows], without)
                subjects = list({subject for _, _, subject, _ in secrets})
                yield Batch(rows, secrets, dict(self._fetch(_KEYS, subjects)))

    def _fetch(self, statement: LiteralString, *wanted: list[Any]) -> list[tuple[Any, ...]]:
        with psycopg.Cursor(self._connection) as cursor:
            return cursor.execute(statement, wanted, binary=True).fetchall()


def _opened(batch: Batch) -> list[Line]:
    """Parse the events of a batch and open their personal values."""
    ids = {row[0]: row[1] for row in batch.rows}
    values: dict[int, dict[str, Disclosed | None]] = {number: {} for number in ids}
    disclose = Keyring(batch.wrapped).disclose
    for number, name, subject, sealed in batch.secrets:
        values[number][name] = disclose(ids[number], name, subject, sealed)
    return [
        Line(from_json(data), values[number], number, event_id, recorded_at, data, sha256)
        for number, _, event_id, recorded_at, data, sha256 in batch.rows
    ]


def _one_ahead(batches: Generator[Batch, None, None]) -> Iterator[Batch]:
    """The same batches; while one is worked on, the server already looks for the next."""
    with ThreadPoolExecutor(1, "report") as pool, closing(batches):
        coming = pool.submit(next, batches, None)
        try:
            while batch := coming.result():
                coming = pool.submit(next, batches, None)
                yield batch
        finally:
            wait([coming])


@contextmanager
def snapshot(filters: TrailFilters, last_event_id: int) -> Iterator[Snapshot]:
    """A connection of its own, so that the progress written beside it is visible while it reads."""
    with moment.snapshot() as connection:
        yield Snapshot(connection, filters, last_event_id)


def _compiled(events: Any) -> tuple[str, Any]:
    sql, params = events.query.sql_with_params()
    return str(sql), params
