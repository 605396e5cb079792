"""Incidents: things that must never happen and did. They are kept forever; most stop sealing until they are closed.

An incident is closed by a row that names it and a sealed event of the log. Inserting a row alone closes nothing.
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

# Incidents that stop sealing. The others, such as a witness that contradicts itself, are faults of outside parties.
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

# Open incidents. Texts are cut to what an event can hold, so that every row that can be inserted can also be closed.
_OWN_END = '"y":"sealer.incident"}'
OPEN = f"""
SELECT i.id, left(i.code, 100), left(i.detail, 2000) FROM audit.incident i
WHERE i.settles IS NULL AND NOT EXISTS (
    SELECT FROM audit.incident s JOIN audit.event e ON e.event_id = s.event_id JOIN audit.leaf l ON l.event_no = e.id
    CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb->'action_detail' AS info) AS b
    WHERE s.settles = i.id AND e.kind = 'sealer.incident'
      AND substring(l.entry FROM octet_length(l.entry) - {len(_OWN_END) - 1}) = '{_OWN_END}'::bytea
      AND (info->>'code', info->>'sentence', info->>'settled') = (left(i.code, 100), left(i.detail, 2000), s.detail))
ORDER BY i.id
"""  # noqa: S608  (constants only)
# Reported incidents whose event is not written yet. Other processes only insert the row; the sealer writes the event.
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
        """Whether the incident stops sealing."""
        return self.code in STOPPING


def open_incidents(connection: psycopg.Connection[Any]) -> list[Incident]:
    """List the open incidents, oldest first."""
    return [Incident(*row) for row in connection.execute(OPEN).fetchall()]


def record_incident(connection: psycopg.Connection[Any], code: str, detail: str) -> int | None:
    """Record an incident in its own transaction; returns its id, or None when the same incident is already open.

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
    """Record each Stopped that the block raises as an incident, then re-raise it."""
    try:
        yield
    except Stopped as stopped:
        if record_incident(connection, stopped.code, str(stopped)):
            logger.error("sealing stopped", code=stopped.code, detail=str(stopped))
        raise


def check_not_stopped(connection: psycopg.Connection[Any]) -> None:
    """Raise Stopped while an incident that stops sealing is open."""
    for incident in open_incidents(connection):
        if incident.stops:
            raise Stopped(incident.code, incident.detail)


def write_reported_incidents(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Write the events of incidents that other processes reported, each with its leaf.

    The reporter knows the id of the future event and could use it first. The batch then continues without that event.
    """
    for code, detail, event_id in connection.execute(_REPORTED).fetchall():
        try:
            with connection.transaction():
                batch.add_log_event(
                    Kind.SEALER_INCIDENT, {"code": code, "sentence": detail}, Outcome.ERROR, event_id
                )
        except (psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable):
            logger.warning("incident event not written", code=code, event_id=event_id)
            return


def close_open_incidents(connection: psycopg.Connection[Any], batch: Batch, reason: str) -> int:
    """Close every open incident in the open transaction; returns how many.

    Each gets an event in this batch with what happened and the operator's reason.
    """
    incidents = open_incidents(connection)
    for incident in incidents:
        detail = {"code": incident.code, "sentence": incident.detail, "settled": reason}
        leaf = batch.add_log_event(Kind.SEALER_INCIDENT, detail, Outcome.ERROR)
        connection.execute(_CLOSE, [incident.id, reason, leaf.event_id])
    return len(incidents)
