"""Close incidents for an operator. Each gets an event of the log with its leaf, and a row that names the event."""

from typing import Any

import psycopg

from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import SealingError
from recordings.proof.sealing.events import ACTOR, COLUMNS, LOG_KINDS, Event, examine
from recordings.proof.sealing.incidents import close_open_incidents, open_incidents
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.log_events import MALFORMED_EVENTS
from recordings.proof.sealing.start import Observers, load_uncompared

_UNSEALED_LOG_EVENTS = f"""
SELECT {COLUMNS} FROM audit.event e
WHERE (kind = ANY(%s) OR actor_ref = %s) AND NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id) ORDER BY id
"""  # noqa: S608  (constants only)


def close_incidents(
    connection: psycopg.Connection[Any], origin: str, observers: Observers, reason: str
) -> tuple[int, Log | None]:
    """Close every open incident; returns how many, and the log afterwards (None when nothing was open).

    Unsealed events that claim to be written by the log, but were not, are sealed as malformed. Nothing they say is
    used, and sealing can continue after them.
    """
    if not open_incidents(connection):
        return 0, None
    log = load_uncompared(connection, origin, observers)
    if log is None:
        raise SealingError(
            "The log is not open. Restore it (--restore-from) or begin an epoch (--new-epoch)."
        )
    with connection.transaction():
        now = lock(connection, log)
        catch_up(connection, log, observers.last_signed)
        batch = Batch(log, connection, stamp(now))
        # Read them first: this transaction is about to write such events itself.
        rows = connection.execute(_UNSEALED_LOG_EVENTS, [sorted(LOG_KINDS), ACTOR], binary=True).fetchall()
        contents = [(event, examine(event)) for event in map(Event._make, rows)]
        foreign = [event for event, content in contents if content is not None and content.is_log_event]
        number = close_open_incidents(connection, batch, reason)
        if foreign:
            batch.add_incident(MALFORMED_EVENTS, len(foreign))
            for event in foreign:
                batch.add_malformed(event, late=event.recorded_at < batch.closed_until)
        batch.save(batch.grow_tree())
    batch.adopt()
    return number, log
