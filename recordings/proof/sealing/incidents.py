"""What must never happen and did: kept for ever, and nothing is sealed until somebody has settled it.

An incident is settled by a row that names it and an event of the sealer that has its leaf: whoever can only insert
rows settles nothing.
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

# The rows of audit.incident that nothing has settled. Texts are cut: whoever can insert a row must not be able to
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
_UNTOLD = """
SELECT left(code, 100), left(detail, 2000), event_id::text FROM audit.incident i
WHERE settles IS NULL AND event_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_id = i.event_id)
  AND NOT EXISTS (SELECT FROM audit.event e WHERE e.event_id = i.event_id)
ORDER BY id LIMIT 100
"""
_NOTE = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s) RETURNING id"
_SETTLE = "SELECT audit.settle_incident(%s, %s, %s)"


class Incident(NamedTuple):
    """An incident that is not settled."""

    id: int
    code: str
    detail: str

    @property
    def stops(self) -> bool:
        """Whether nothing is sealed because of it."""
        return self.code in STOPPING


def open_incidents(connection: psycopg.Connection[Any]) -> list[Incident]:
    """What nobody has settled, oldest first."""
    return [Incident(*row) for row in connection.execute(OPEN).fetchall()]


def note_incident(connection: psycopg.Connection[Any], code: str, detail: str) -> int | None:
    """Keep an incident in a transaction of its own; None when the same one is open already.

    One that does not stop sealing gets its event and leaf with the next batch.
    """
    detail = str(plain(detail))[:2000]
    with connection.transaction():
        if any((known.code, known.detail) == (code, detail) for known in open_incidents(connection)):
            return None
        event_id = None if code in STOPPING else uuid7()
        ((number,),) = connection.execute(_NOTE, [code, detail, event_id]).fetchall()
        return int(number)


@contextmanager
def kept(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Keep as an incident what stops the block; it goes on its way."""
    try:
        yield
    except Stopped as trouble:
        if note_incident(connection, trouble.code, str(trouble)):
            logger.error("nothing is sealed any more", code=trouble.code, detail=str(trouble))
        raise


def check_none_is_open(connection: psycopg.Connection[Any]) -> None:
    """Raise Stopped while an incident that stops sealing is not settled."""
    for incident in open_incidents(connection):
        if incident.stops:
            raise Stopped(incident.code, incident.detail)


def tell_incidents(connection: psycopg.Connection[Any], batch: Batch) -> None:
    """Write the events of incidents that others have reported, each with its leaf.

    Whoever reports one can read the id that its event will have. When somebody is writing an event of that id, or has
    written one, the batch goes on without it.
    """
    for code, detail, event_id in connection.execute(_UNTOLD).fetchall():
        said = {"code": code, "sentence": detail}
        try:
            with connection.transaction():
                batch.own(Kind.SEALER_INCIDENT, said, Outcome.ERROR, event_id)
        except (psycopg.errors.UniqueViolation, psycopg.errors.LockNotAvailable):
            logger.warning("an incident is not told in the log", code=code, event_id=event_id)
            return


def settle_all(connection: psycopg.Connection[Any], batch: Batch, reason: str) -> int:
    """Close every open incident, in the transaction that is open; how many there were.

    What happened and why it is over is an event, too, with its leaf in this batch.
    """
    found = open_incidents(connection)
    for incident in found:
        said = {"code": incident.code, "sentence": incident.detail, "settled": reason}
        leaf = batch.own(Kind.SEALER_INCIDENT, said, Outcome.ERROR)
        connection.execute(_SETTLE, [incident.id, reason, leaf.event_id])
    return len(found)
