"""An operator closes incidents: each gets an event of the log with its leaf, and a row that names that event."""

from typing import Any

import psycopg

from recordings.proof.sealing.batch import GARBLED, Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import SealingError
from recordings.proof.sealing.events import ACTOR, COLUMNS, OWN_KINDS, Event, examine
from recordings.proof.sealing.incidents import open_incidents, settle_all
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.seal import lock
from recordings.proof.sealing.start import Parties, load_alone

_FOREIGN = f"""
SELECT {COLUMNS} FROM audit.event e
WHERE (kind = ANY(%s) OR actor_ref = %s) AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id) ORDER BY id
"""  # noqa: S608  (our own words)


def settle(
    connection: psycopg.Connection[Any], origin: str, parties: Parties, reason: str
) -> tuple[int, Log | None]:
    """Close every open incident; how many, and the log as it is then. Events that speak as the log does of itself and
    that no sealer wrote are sealed as malformed: nobody believes them, and sealing goes on behind them.
    """
    if not open_incidents(connection):
        return 0, None
    log = load_alone(connection, origin, parties)
    if log is None:
        raise SealingError(
            "The log is not opened: bring it back (--restore-from) or begin an epoch (--new-epoch)."
        )
    with connection.transaction():
        now, _ = lock(connection, log, parties.signed)
        batch, foreign = Batch(log, connection, stamp(now)), _foreign(connection)
        number = settle_all(connection, batch, reason)
        if foreign:
            batch.report(GARBLED, len(foreign))
            for event in foreign:
                batch.add_malformed(event, late=event.recorded_at < batch.closed_until)
        batch.save()
    batch.adopt()
    return number, log


def _foreign(connection: psycopg.Connection[Any]) -> list[Event]:
    """What speaks as the log does and has no leaf; to be asked before this transaction writes such events itself."""
    rows = connection.execute(_FOREIGN, [sorted(OWN_KINDS), ACTOR], binary=True).fetchall()
    read = [(event, examine(event)) for event in map(Event._make, rows)]
    return [event for event, said in read if said is not None and said.is_own]
