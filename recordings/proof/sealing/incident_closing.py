"""Close incidents for an operator: each gets an event of the log with its leaf, and a row that names that event."""

from typing import Any

import psycopg

from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import SealingError
from recordings.proof.sealing.events import ACTOR, COLUMNS, OWN_KINDS, Event, examine
from recordings.proof.sealing.incidents import close_open_incidents, open_incidents
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.log_events import GARBLED
from recordings.proof.sealing.start import Observers, load_uncompared

_UNSEALED_OWN = f"""
SELECT {COLUMNS} FROM audit.event e
WHERE (kind = ANY(%s) OR actor_ref = %s) AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id) ORDER BY id
"""  # noqa: S608  (our own words)


def close_incidents(
    connection: psycopg.Connection[Any], origin: str, observers: Observers, reason: str
) -> tuple[int, Log | None]:
    """Close every open incident; returns how many, and the log as it is then.

    Events that speak as the log does of itself and that no sealer wrote are sealed as malformed: nobody believes them,
    and sealing goes on behind them.
    """
    if not open_incidents(connection):
        return 0, None
    log = load_uncompared(connection, origin, observers)
    if log is None:
        raise SealingError(
            "The log is not opened: bring it back (--restore-from) or begin an epoch (--new-epoch)."
        )
    with connection.transaction():
        now = lock(connection, log)
        catch_up(connection, log, observers.last_signed)
        batch = Batch(log, connection, stamp(now))
        # Read before this transaction writes such events itself.
        rows = connection.execute(_UNSEALED_OWN, [sorted(OWN_KINDS), ACTOR], binary=True).fetchall()
        contents = [(event, examine(event)) for event in map(Event._make, rows)]
        foreign = [event for event, content in contents if content is not None and content.is_own]
        number = close_open_incidents(connection, batch, reason)
        if foreign:
            batch.add_incident(GARBLED, len(foreign))
            for event in foreign:
                batch.add_malformed(event, late=event.recorded_at < batch.closed_until)
        batch.save(batch.grow_tree())
    batch.adopt()
    return number, log
