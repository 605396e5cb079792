"""Begin a new epoch after leaves were lost for good: the log continues under its next name and records why."""

from typing import Any

import psycopg

from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.incidents import close_open_incidents
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.opening import create_row, fresh_log, write_epoch
from recordings.proof.sealing.start import Observers, load, load_uncompared
from recordings.tlog.checkpoint import Checkpoint


def new_epoch(connection: psycopg.Connection[Any], origin: str, observers: Observers, reason: str) -> Log:
    """Begin the next epoch and close the incidents; returns the log, which the caller must have signed.

    Raises SealingError when the database agrees with the observers, because then no new epoch is needed.
    """
    try:
        load(connection, origin, observers)
    except Stopped:
        pass
    else:
        raise SealingError(
            "The database agrees with every checkpoint seen elsewhere: no new epoch is needed."
        )
    log = load_uncompared(connection, origin, observers)
    # The epoch's first leaf names the last known checkpoint: the largest of an observer, else the one in the database.
    checkpoints = [checkpoint for _, checkpoint in observers.newest()]
    if checkpoints:
        last = max(checkpoints, key=lambda checkpoint: checkpoint.size)
    elif log:
        last = Checkpoint(log.origin, log.size, log.frontier.root())
    else:
        raise SealingError(f"No checkpoint of {origin} is known anywhere: there is no epoch to follow.")
    with connection.transaction():
        if log is None:
            log = fresh_log(origin)
            create_row(connection, log)
        now = lock(connection, log)
        catch_up(connection, log, observers.last_signed)
        batch = Batch(log, connection, stamp(now))
        write_epoch(batch, last, reason)
        close_open_incidents(connection, batch, reason)
        batch.save(batch.grow_tree())
    batch.adopt()
    return log
