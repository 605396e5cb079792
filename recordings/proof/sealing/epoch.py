"""Begin a new epoch after a loss that nothing brings back: the log goes on under its next name, and says so."""

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

    Raises SealingError when nothing stops the log: then there is no reason to give up its name.
    """
    try:
        load(connection, origin, observers)
    except Stopped:
        pass
    else:
        raise SealingError("The database holds what others have seen of the log: no new epoch is needed.")
    log = load_uncompared(connection, origin, observers)
    # The new epoch says what was known before it: the largest checkpoint that anybody outside has, else what is here.
    checkpoints = [checkpoint for _, checkpoint in observers.newest()]
    if checkpoints:
        seen = max(checkpoints, key=lambda checkpoint: checkpoint.size)
    elif log:
        seen = Checkpoint(log.origin, log.size, log.frontier.root())
    else:
        raise SealingError(f"Nobody has seen anything of {origin}: there is nothing to begin an epoch after.")
    with connection.transaction():
        if log is None:
            log = fresh_log(origin)
            create_row(connection, log)
        now = lock(connection, log)
        catch_up(connection, log, observers.last_signed)
        batch = Batch(log, connection, stamp(now))
        write_epoch(batch, seen, reason)
        close_open_incidents(connection, batch, reason)
        batch.save(batch.grow_tree())
    batch.adopt()
    return log
