"""What must never happen and did: kept for ever, and nothing is sealed until somebody has settled it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import structlog

from recordings.audit.kinds import Kind, Outcome
from recordings.sealing.errors import Stopped
from recordings.sealing.own import write_own

logger = structlog.get_logger("portal.sealer")

# Those that stop sealing. Others – a witness that contradicts itself, say – are somebody else's trouble.
STOPPING = ("event_altered", "head_differs", "database_behind", "database_differs", "signer_refused")

OPEN = """
SELECT i.id, i.code, i.detail FROM audit.incident i
WHERE i.code = ANY(%s) AND i.settles IS NULL
  AND NOT EXISTS (SELECT FROM audit.incident s WHERE s.settles = i.id)
ORDER BY i.id
"""


class Incident(NamedTuple):
    """An incident that is not settled."""

    id: int
    code: str
    detail: str


def open_incidents(connection: psycopg.Connection[Any]) -> list[Incident]:
    """What stops sealing, oldest first."""
    return [Incident(*row) for row in connection.execute(OPEN, [list(STOPPING)]).fetchall()]


def note_incident(connection: psycopg.Connection[Any], code: str, detail: str) -> int | None:
    """Keep an incident in a transaction of its own; None when the same one is open already."""
    with connection.transaction():
        if any((known.code, known.detail) == (code, detail) for known in open_incidents(connection)):
            return None
        row = connection.execute(
            "INSERT INTO audit.incident (code, detail) VALUES (%s, %s) RETURNING id", [code, detail]
        ).fetchone()
        return int(row[0]) if row else None


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
    """Raise Stopped while an incident is not settled."""
    for incident in open_incidents(connection):
        raise Stopped(incident.code, incident.detail)


def settle_all(connection: psycopg.Connection[Any], reason: str) -> int:
    """Close every incident that stops sealing, in the transaction that is open; how many there were.

    What happened and why it is over is an event, too, and so gets its leaf.
    """
    found = open_incidents(connection)
    for incident in found:
        connection.execute(
            "INSERT INTO audit.incident (code, detail, settles) VALUES (%s, %s, %s)",
            [incident.code, reason, incident.id],
        )
        said = {"code": incident.code, "sentence": incident.detail, "settled": reason}
        write_own(connection, Kind.SEALER_INCIDENT, said, Outcome.ERROR)
    return len(found)
