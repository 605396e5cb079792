"""After a loss that nothing brings back: the log goes on under its next name, and says so."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from recordings.sealing.errors import SealingError, Stopped
from recordings.sealing.head import Head
from recordings.sealing.incidents import settle_all
from recordings.sealing.opening import begin_epoch
from recordings.sealing.start import Latest, check_start, newest_of
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.notes import VerifierKey


def new_epoch(
    connection: psycopg.Connection[Any],
    origin: str,
    outsiders: Mapping[str, Latest],
    keys: Sequence[VerifierKey],
    reason: str,
) -> str:
    """Begin the next epoch and settle what stopped sealing; returns its origin.

    Raises SealingError when nothing stops the log: then there is no reason to give up its name.
    """
    try:
        check_start(connection, origin, outsiders, keys)
    except Stopped:
        pass
    else:
        raise SealingError("The database holds what others have seen of the log: no new epoch is needed.")
    head = Head.read(connection)
    named = head.origin if head else origin
    known = [newest_of(name, latest, named, keys) for name, latest in outsiders.items()]
    seen = max((one for one in known if one), key=lambda one: one.size, default=None) or _own(head, origin)
    with connection.transaction():
        following = begin_epoch(connection, seen, reason)
        settle_all(connection, reason)
    return following


def _own(head: Head | None, origin: str) -> Checkpoint:
    """What the database itself has, when nobody else has seen anything."""
    if head is None:
        raise SealingError(f"Nobody has seen anything of {origin}: there is nothing to begin an epoch after.")
    return Checkpoint(head.origin, head.size, head.frontier.root())
