"""Incidents: what must never happen and did. They are kept for ever; most stop sealing until an operator closes them.

An incident is closed by a row that names it and an event of the sealer that has its leaf: whoever can only insert rows
closes nothing.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import structlog

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.schema import plain
from recordings.models.fields import uuid7
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.errors import Stopped

logger = structlog.get_logger("portal.sealer")

# Those that stop sealing. Others – a witness that contradicts itself, say – are somebody else's trouble.
STOPPING = (
    "event_altered",
    "head_differs",
    "database_behind",
    "database_differs",
    "signer_refused",
    "own_event_foreign",
    "own_leaf_unsigned",
    "leaf_foreign",
)

# The rows of audit.incident that nothing has closed. Texts are cut: whoever can insert a row must not be able to
# write one that no event holds.
_OWN_END = '"y":"sealer.incident"}'
OPEN = f"""
SELECT i.id, left(i.code, 100), left(i.detail, 2000) FROM audit.incident i
WHERE i.settles IS NULL AND NOT EXISTS (
    SELECT FROM audit.incident s JOIN audit.event e ON e.event_id = s.event_id JOIN audit.leaf l ON l.event_no = e.id
    CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb->'action_detail' AS said) AS b
    WHERE s.settles = i.id AND e.kind = 'sealer.incident'
      AND substring(l.entry FROM octet_length(l.entry) - {len(_OWN_END) - 1}) = '{_OWN_END}'::bytea
      AND (said->>'code', said->>'sentence', said->>'settled') = (left(i.code, 100), left(i.detail, 2000), s.detail))
ORDER BY i.id
"""  # noqa: S608  (our own words)
# Incidents whose event is not written yet: whoever reports one leaves the event to the sealer, with its leaf.
_REPORTED = """
SELECT left(code, 100), left(detail, 2000), event_id::text FROM audit.incident i
WHERE settles IS NULL AND event_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_id = i.event_id)
  AND NOT EXISTS (SELECT FROM audit.event e WHERE e.event_id = i.event_id)
ORDER BY id LIMIT 100
"""
_INSERT = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s) RETURNING id"
_CLOSE = "SELECT audit.settle_incident(%s, %s, %s)"


class Incident(NamedTuple):
    """An open incident."""

    id: int
    code: str
    detail: str

    @property
    def stops(self) -> bool:
        """Whether nothing is sealed because of it."""
        return self.code in STOPPING


def open_incidents(connection: psycopg.Connection[Any]) -> list[Incident]:
    """List the incidents that nobody has closed, oldest first."""
    return [Incident(*row) for row in connection.execute(OPEN).fetchall()]


def record_incident(connection: psycopg.Connection[Any], code: str, detail: str) -> int | None:
    """Record an incident in a transaction of its own; returns its id, or None when the same one is open already.

    One that does not stop sealing gets its event and leaf with the next batch.
    """
    detail = str(plain(detail))[:2000]
    with connection.transaction():
        if any((known.code, known.detail) == (code, detail) for known in open_incidents(connection)):
            return None
        event_id = None if code in STOPPING else uuid7()
        ((number,),) = connection.execute(_INSERT, [code, detail, event_id]).fetchall()
        return int(number)


@contextmanager
def record_stops(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Record each Stopped that the block raises as an incident, and raise it on."""
    try:
        yield
    except Stopped as stopped:
        if record_incident(connection, stopped.code, str(stopped)):
            logger.error("nothing is sealed any more", code=stopped.code, detail=str(stopped))
        raise


def check_not_stopped(connection: psycopg.Connection[Any]) -> None:
    """Raise Stopped while an incident that stops sealing is open."""
    for incident in open_incidents(connection):
        if incident.stops:
            raise Stopped(incident.code, incident.detail)


def write_reported_incidents(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Write the events of incidents that others have reported, each with its leaf.

    Whoever reports one can read the id that its event will have. When somebody is writing an event of that id, or has
    written one, the batch goes on without it.
    """
    for code, detail, event_id in connection.execute(_REPORTED).fetchall():
        try:
            with connection.transaction():
                batch.add_log_event(
                    Kind.SEALER_INCIDENT, {"code": code, "sentence": detail}, Outcome.ERROR, event_id
                )
        except (psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable):
            logger.warning("an incident is not told in the log", code=code, event_id=event_id)
            return


def close_open_incidents(connection: psycopg.Connection[Any], batch: Batch, reason: str) -> int:
    """Close every open incident, in the transaction that is open; how many there were.

    What happened and why it is over is an event, too, with its leaf in this batch.
    """
    incidents = open_incidents(connection)
    for incident in incidents:
        detail = {"code": incident.code, "sentence": incident.detail, "settled": reason}
        leaf = batch.add_log_event(Kind.SEALER_INCIDENT, detail, Outcome.ERROR)
        connection.execute(_CLOSE, [incident.id, reason, leaf.event_id])
    return len(incidents)
