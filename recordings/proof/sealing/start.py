"""Before anything is sealed: the log is counted again, and compared with the history that others have seen.

A restored backup and a standby that took over too early look exactly like somebody who cut the log short. So the
newest checkpoint of the signer, of witnesses and of anchors is compared with what is here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
import structlog

from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.incidents import check_none_is_open, kept
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.recount import Counted, count_leaves, recount
from recordings.proof.sealing.vetting import LEAF_FOREIGN, Vetting
from recordings.tlog.checkpoint import Checkpoint, parse, parse_note
from recordings.tlog.client import Refused, Unreachable
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.notes import Note, NoteError, VerifierKey
from recordings.tlog.signer import epoch_of

logger = structlog.get_logger("portal.sealer")

SIGNER = "signer"
_CHECKPOINTS = "SELECT origin, note FROM audit.checkpoint WHERE size <= %s ORDER BY size DESC LIMIT 20"
_AT_END = "SELECT note FROM audit.checkpoint WHERE size = %s AND origin = %s AND root = %s"
# A log's origin → the newest checkpoint that somebody has of it; None when they have none.
Latest = Callable[[str], str | None]
Seen = list[tuple[str, Checkpoint]]


class Parties:
    """Who may have seen more of the log than the database holds: the signer, witnesses, the bucket."""

    def __init__(self, origin: str, outsiders: Mapping[str, Latest], keys: Sequence[VerifierKey]) -> None:
        """`origin` is the name of the first epoch."""
        self._first, self._outsiders, self.keys = origin, outsiders, keys

    def newest(self) -> Seen:
        """Everybody's newest checkpoint of the newest epoch that the signer knows. The signer must answer (else
        Unreachable); others may be away."""
        *_, origin = self.epochs()
        found = (
            (name, newest_of(name, latest, origin, self.keys)) for name, latest in self._outsiders.items()
        )
        return [(name, seen) for name, seen in found if seen]

    def signed(self, origin: str) -> Checkpoint | None:
        """What the signer signed last of an epoch."""
        latest = self._outsiders.get(SIGNER)
        return newest_of(SIGNER, latest, origin, self.keys) if latest else None

    def epochs(self) -> Iterator[str]:
        """The names of the epochs that the signer has begun; the first one even when it has not."""
        yield self._first
        number = 2
        while self.signed(origin := f"{self._first}/{number}"):
            yield origin
            number += 1


def load(connection: psycopg.Connection[Any], origin: str, parties: Parties) -> Log | None:
    """The log as its leaves give it, and as everybody in `parties` has seen it; None before it is opened.

    Raises SealingError when the database holds another log, Stopped – the incident kept – when it holds less than
    somebody has seen, something else, or what nobody vouches for, or when an incident is not settled.
    """
    seen = parties.newest()
    with kept(connection):
        log = _counted(connection, origin, parties, seen, believe=False)
        if log is None and seen:
            raise _behind(*seen[0], 0)
    check_none_is_open(connection)
    return log


def load_alone(connection: psycopg.Connection[Any], origin: str, parties: Parties) -> Log | None:
    """The log as its leaves give it, whatever others have seen and whatever incident is open: an operator is here."""
    return _counted(connection, origin, parties, [], believe=True)


def _counted(
    connection: psycopg.Connection[Any], origin: str, parties: Parties, seen: Seen, *, believe: bool
) -> Log | None:
    _check_name(connection, origin)
    count = count_leaves(connection)
    if not count:
        return None
    sizes = [one.size for _, one in seen]
    counted, denied = _vouched(connection, origin, count, parties, sizes)
    log = counted.log
    vetting = Vetting(connection, log, parties.signed, believe=believe, sizes=sizes)
    try:
        vetting.take()
    except Stopped as foreign:
        if denied and foreign.code == LEAF_FOREIGN:
            raise _differs(SIGNER, denied) from foreign
        raise
    roots = counted.roots | vetting.roots
    for name, one in seen:
        if (epoch_of(origin, one.origin) or 0) < (epoch_of(origin, log.origin) or 0):
            continue  # what an earlier epoch has lost is lost
        if one.size > log.size:
            raise _behind(name, one, log.size)
        if one.size and roots.get(one.size) != one.root:
            raise _differs(name, one)
    if _is_kept(connection, log, parties.keys):
        log.is_signed()
    return log


def _check_name(connection: psycopg.Connection[Any], origin: str) -> None:
    for (name,) in connection.execute("SELECT origin FROM audit.log_head").fetchall():
        if epoch_of(origin, name) is None:
            raise SealingError(f"AUDIT_ORIGIN is {origin}, but the log in this database is {name}.")


def _vouched(
    connection: psycopg.Connection[Any], origin: str, count: int, parties: Parties, sizes: Sequence[int]
) -> tuple[Counted, Checkpoint | None]:
    """The leaves that the log's key has signed, as far as the signer's or a kept checkpoint tells; and one of those
    that these leaves are not."""
    denied = None
    for checkpoint in _signed_checkpoints(connection, origin, count, parties):
        counted = recount(connection, origin, checkpoint, sizes)
        if counted.roots[checkpoint.size] == checkpoint.root:
            return counted, denied
        denied = denied or checkpoint
    return recount(connection, origin, Checkpoint(origin, 0, EMPTY_ROOT)), denied


def _signed_checkpoints(
    connection: psycopg.Connection[Any], origin: str, count: int, parties: Parties
) -> list[Checkpoint]:
    """What the log's key has signed and these leaves may be, the largest first; of those in the table – whoever has
    the sealer's login can add some – only the newest that the key really signed."""
    *_, newest = parties.epochs()
    found = [parties.signed(newest)]
    for name, note in connection.execute(_CHECKPOINTS, [count]).fetchall():
        if parties.keys and epoch_of(origin, name) and (one := _believed(note, name, parties.keys)):
            found.append(one)
            break
    return sorted((one for one in found if one and one.size <= count), key=lambda one: -one.size)


def _believed(note: str, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    try:
        checkpoint, _ = parse_note(note, [key.named(origin) for key in keys])
    except NoteError:
        return None
    return checkpoint if checkpoint.origin == origin else None


def _is_kept(connection: psycopg.Connection[Any], log: Log, keys: Sequence[VerifierKey]) -> bool:
    """Whether a checkpoint of exactly this log is in the table."""
    rows = connection.execute(_AT_END, [log.size, log.origin, log.frontier.root()]).fetchall()
    return bool(rows) and (not keys or _believed(rows[0][0], log.origin, keys) is not None)


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


def _behind(name: str, seen: Checkpoint, size: int) -> Stopped:
    return Stopped(
        "database_behind",
        f"{name} has seen {seen.size} leaves of {seen.origin}; this database has {size}. A restored backup, a "
        "standby that took over too early, or somebody cut the log short: restore the published entries "
        "(seal_trail --restore-from) or begin a new epoch (seal_trail --new-epoch).",
    )


def _differs(name: str, seen: Checkpoint) -> Stopped:
    return Stopped(
        "database_differs",
        f"{name} has seen another history of {seen.origin}: the first {seen.size} leaves of this database have "
        "another root. Begin a new epoch (seal_trail --new-epoch) when it is known why.",
    )
