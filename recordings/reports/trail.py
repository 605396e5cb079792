"""The events of a report, read in one pass from one snapshot, a batch at a time."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections

from recordings.audit.filters import TrailFilters, matching
from recordings.audit.opened import COLUMNS, Opened, Stored
from recordings.audit.vault import Disclosed, disclose

BATCH = 2000
_SECRETS = """
SELECT s.event_id, s.field, s.subject, k.wrapped, s.sealed
FROM audit.secret s LEFT JOIN audit.subject_key k USING (subject) WHERE s.event_id = ANY(%s)
"""


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

    def batches(self) -> Iterator[list[Opened]]:
        """The events in the order of their numbers."""
        sql, params = _compiled(self._events.order_by("id").values_list(*COLUMNS))
        with self._connection.cursor(name="report", binary=True) as cursor:
            cursor.execute(sql, params)
            while rows := cursor.fetchmany(BATCH):
                yield self._opened([Stored(*row) for row in rows])

    def _opened(self, rows: Sequence[Stored]) -> list[Opened]:
        values = self._disclosed([row.event_id for row in rows])
        return [Opened(row, json.loads(row.body), values.get(row.event_id, {})) for row in rows]

    def _disclosed(self, event_ids: list[UUID]) -> dict[UUID, dict[str, Disclosed | None]]:
        found: dict[UUID, dict[str, Disclosed | None]] = defaultdict(dict)
        with psycopg.Cursor(self._connection) as cursor:
            secrets = cursor.execute(_SECRETS, [event_ids], binary=True)
            for event_id, name, subject, wrapped, sealed in secrets:
                found[event_id][name] = disclose(event_id, name, subject, wrapped, sealed)
        return found


@contextmanager
def snapshot(filters: TrailFilters, last_event_id: int) -> Iterator[Snapshot]:
    """A connection of its own, so that the progress written beside it is visible while it reads."""
    own = connections.create_connection("default")
    try:
        own.ensure_connection()
        raw: psycopg.Connection[Any] = own.connection
        raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        raw.read_only = True
        with raw.transaction():
            yield Snapshot(raw, filters, last_event_id)
    finally:
        own.close()


def _compiled(events: Any) -> tuple[str, Any]:
    sql, params = events.query.sql_with_params()
    return str(sql), params
