"""Before anything is sealed: does the database still hold the history that others have seen?

A restored backup and a standby that took over too early look exactly like somebody who cut the log short. So the
newest checkpoint of the signer, of witnesses and of anchors is compared with what is here.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import psycopg
import structlog

from recordings.sealing.errors import SealingError, Stopped
from recordings.sealing.head import Head
from recordings.sealing.incidents import check_none_is_open, kept
from recordings.sealing.opening import is_epoch_of
from recordings.sealing.tree import Tree
from recordings.tlog.checkpoint import Checkpoint, parse, parse_note
from recordings.tlog.client import Refused, Unreachable
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.notes import Note, NoteError, VerifierKey
from recordings.tlog.tiles import TileError

logger = structlog.get_logger("portal.sealer")

SIGNER = "signer"
# A log's origin → the newest checkpoint that somebody has of it; None when they have none.
Latest = Callable[[str], str | None]


def check_start(
    connection: psycopg.Connection[Any],
    origin: str,
    outsiders: Mapping[str, Latest],
    keys: Sequence[VerifierKey],
) -> None:
    """Compare with everybody in `outsiders`. The signer must answer (else Unreachable); others may be away.

    Raises SealingError when the database holds another log, Stopped – the incident kept – when it holds less than
    somebody has seen, or something else, or when an incident is not settled.
    """
    with kept(connection):
        head = Head.read(connection)
    if head and not is_epoch_of(head.origin, origin):
        raise SealingError(f"AUDIT_ORIGIN is {origin}, but the log in this database is {head.origin}.")
    with kept(connection):
        for name, latest in outsiders.items():
            seen = newest_of(name, latest, head.origin if head else origin, keys)
            if seen:
                compare(connection, head, name, seen)
    check_none_is_open(connection)


def newest_of(name: str, latest: Latest, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """Somebody's newest checkpoint of this log, if the log's key signed it: nobody else may stop the sealer."""
    try:
        note = latest(origin)
        if note is None or (not keys and name != SIGNER):
            return None
        trusted = [key.named(origin) for key in keys]
        seen = parse_note(note, trusted)[0] if trusted else parse(Note.parse(note).text)
        return seen if seen.origin == origin else None
    except (Unreachable, Refused, NoteError, OSError) as trouble:
        if name == SIGNER:
            raise
        logger.warning("not compared at the start", party=name, trouble=str(trouble))
        return None


def compare(connection: psycopg.Connection[Any], head: Head | None, name: str, seen: Checkpoint) -> None:
    """Raises Stopped unless the log begins with exactly the leaves that this checkpoint stands for."""
    size = head.size if head else 0
    if seen.size > size:
        raise Stopped(
            "database_behind",
            f"{name} has seen {seen.size} leaves of {seen.origin}; this database has {size}. A restored backup, a "
            "standby that took over too early, or somebody cut the log short: restore the published entries "
            "(seal_trail --restore-from) or begin a new epoch (seal_trail --new-epoch).",
        )
    if root_at(connection, seen.size) != seen.root:
        raise Stopped(
            "database_differs",
            f"{name} has seen another history of {seen.origin}: the first {seen.size} leaves of this database have "
            "another root. Begin a new epoch (seal_trail --new-epoch) when it is known why.",
        )


def root_at(connection: psycopg.Connection[Any], size: int) -> bytes | None:
    """The root over the first `size` leaves as the database has them; None when some are missing."""
    try:
        return Tree(connection.cursor()).at(size).root() if size else EMPTY_ROOT
    except TileError:
        return None
