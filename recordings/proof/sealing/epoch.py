"""After a loss that nothing brings back: the log goes on under its next name, and says so."""

from typing import Any

import psycopg

from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.incidents import settle_all
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.opening import create_row, fresh_log, write_epoch
from recordings.proof.sealing.seal import lock
from recordings.proof.sealing.start import Parties, load, load_alone
from recordings.tlog.checkpoint import Checkpoint


def new_epoch(connection: psycopg.Connection[Any], origin: str, parties: Parties, reason: str) -> Log:
    """Begin the next epoch and settle what stopped sealing; returns the log, which the caller must have signed.

    Raises SealingError when nothing stops the log: then there is no reason to give up its name.
    """
    try:
        load(connection, origin, parties)
    except Stopped:
        pass
    else:
        raise SealingError("The database holds what others have seen of the log: no new epoch is needed.")
    log = load_alone(connection, origin, parties)
    seen = max((one for _, one in parties.newest()), key=lambda one: one.size, default=None)
    if seen is None:
        seen = _own(log, origin)
    with connection.transaction():
        if log is None:
            log = fresh_log(origin)
            create_row(connection, log)
        now, _ = lock(connection, log, parties.signed)
        batch = Batch(log, connection, stamp(now))
        write_epoch(batch, seen, reason)
        settle_all(connection, batch, reason)
        batch.save()
    batch.adopt()
    return log


def _own(log: Log | None, origin: str) -> Checkpoint:
    """What the database itself has, when nobody else has seen anything."""
    if log is None:
        raise SealingError(f"Nobody has seen anything of {origin}: there is nothing to begin an epoch after.")
    return Checkpoint(log.origin, log.size, log.frontier.root())
