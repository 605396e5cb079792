"""Load the log before anything is sealed: count it again, and compare it with the history that others have seen.

A restored backup and a standby that took over too early look exactly like somebody who cut the log short. So the
newest checkpoint of the signer, of witnesses and of anchors is compared with what is here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import psycopg
import structlog

from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.incidents import check_not_stopped, record_stops
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.recount import Recounted, count_leaves, recount
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
Seen = list[tuple[str, Checkpoint]]  # by whom, what


class Observers:
    """Who may have seen more of the log than the database holds: the signer, witnesses, the bucket."""

    def __init__(self, origin: str, latest: Mapping[str, Latest], keys: Sequence[VerifierKey]) -> None:
        """`origin` is the name of the first epoch; `latest` asks each by name, the signer as SIGNER."""
        self._first, self._latest, self.keys = origin, latest, keys

    def newest(self) -> Seen:
        """Ask all for their newest checkpoint of the newest epoch that the signer knows. The signer must answer (else
        Unreachable); others may be away."""
        *_, origin = self.epochs()
        checkpoints = (
            (name, newest_of(name, latest, origin, self.keys)) for name, latest in self._latest.items()
        )
        return [(name, checkpoint) for name, checkpoint in checkpoints if checkpoint]

    def last_signed(self, origin: str) -> Checkpoint | None:
        """Ask the signer for what it signed last of an epoch."""
        latest = self._latest.get(SIGNER)
        return newest_of(SIGNER, latest, origin, self.keys) if latest else None

    def epochs(self) -> Iterator[str]:
        """Name the epochs that the signer has begun; the first one even when it has not."""
        yield self._first
        number = 2
        while self.last_signed(origin := f"{self._first}/{number}"):
            yield origin
            number += 1


def load(connection: psycopg.Connection[Any], origin: str, observers: Observers) -> Log | None:
    """Count the log from its leaves, and compare it with what the observers have seen; None before it is opened.

    Raises SealingError when the database holds another log, Stopped – the incident recorded – when it holds less than
    somebody has seen, something else, or what nobody vouches for, or while an incident is open.
    """
    seen = observers.newest()
    with record_stops(connection):
        log = _load(connection, origin, observers, seen, accept_unproven=False)
        if log is None and seen:
            raise _database_behind(*seen[0], 0)
    check_not_stopped(connection)
    return log


def load_uncompared(connection: psycopg.Connection[Any], origin: str, observers: Observers) -> Log | None:
    """Count the log from its leaves, whatever others have seen and whatever incident is open: for an operator."""
    return _load(connection, origin, observers, [], accept_unproven=True)


def _load(
    connection: psycopg.Connection[Any],
    origin: str,
    observers: Observers,
    seen: Seen,
    *,
    accept_unproven: bool,
) -> Log | None:
    # 1. It must be the log that AUDIT_ORIGIN names.
    for (name,) in connection.execute("SELECT origin FROM audit.log_head").fetchall():
        if epoch_of(origin, name) is None:
            raise SealingError(f"AUDIT_ORIGIN is {origin}, but the log in this database is {name}.")
    count = count_leaves(connection)
    if not count:
        return None
    # 2. Count the leaves that the log's key has signed: they only have to give the root that was signed.
    sizes = [checkpoint.size for _, checkpoint in seen]
    recounted, contradicted = _recount_signed(connection, origin, count, observers, sizes)
    log = recounted.log
    # 3. Make the leaves after them again from their events.
    vetting = Vetting(connection, log, observers.last_signed, accept_unproven=accept_unproven, sizes=sizes)
    try:
        vetting.add_all()
    except Stopped as stopped:
        if contradicted and stopped.code == LEAF_FOREIGN:
            raise _database_differs(SIGNER, contradicted) from stopped
        raise
    # 4. Compare the log with what others have seen of it.
    roots = recounted.roots | vetting.roots
    for name, checkpoint in seen:
        if (epoch_of(origin, checkpoint.origin) or 0) < (epoch_of(origin, log.origin) or 0):
            continue  # what an earlier epoch has lost is lost
        if checkpoint.size > log.size:
            raise _database_behind(name, checkpoint, log.size)
        if checkpoint.size and roots.get(checkpoint.size) != checkpoint.root:
            raise _database_differs(name, checkpoint)
    # 5. It need not be signed again when a checkpoint of exactly this log is published.
    rows = connection.execute(_AT_END, [log.size, log.origin, log.frontier.root()]).fetchall()
    if rows and (not observers.keys or _verified(rows[0][0], log.origin, observers.keys) is not None):
        log.mark_signed()
    return log


def _recount_signed(
    connection: psycopg.Connection[Any],
    origin: str,
    count: int,
    observers: Observers,
    sizes: Sequence[int],
) -> tuple[Recounted, Checkpoint | None]:
    """Count the leaves that the log's key has signed, as the signer or a published checkpoint says.

    Also returns a checkpoint that these leaves contradict, if there is one.
    """
    *_, newest = observers.epochs()
    candidates = [observers.last_signed(newest)]
    # Whoever has the sealer's login can add rows: of those only the newest that the key really signed counts.
    for name, note in connection.execute(_CHECKPOINTS, [count]).fetchall():
        if observers.keys and epoch_of(origin, name) and (kept := _verified(note, name, observers.keys)):
            candidates.append(kept)
            break
    contradicted = None
    fitting = [checkpoint for checkpoint in candidates if checkpoint and checkpoint.size <= count]
    for checkpoint in sorted(fitting, key=lambda checkpoint: -checkpoint.size):
        recounted = recount(connection, origin, checkpoint, sizes)
        if recounted.roots[checkpoint.size] == checkpoint.root:
            return recounted, contradicted
        contradicted = contradicted or checkpoint
    return recount(connection, origin, Checkpoint(origin, 0, EMPTY_ROOT)), contradicted


def _verified(note: str, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """Parse a checkpoint of this origin that one of the keys signed; None when it is not one."""
    try:
        checkpoint, _ = parse_note(note, [key.named(origin) for key in keys])
    except NoteError:
        return None
    return checkpoint if checkpoint.origin == origin else None


def newest_of(name: str, latest: Latest, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """Ask somebody for the newest checkpoint that the log's key signed: nobody else may stop the sealer."""
    try:
        note = latest(origin)
        if note is None or (not keys and name != SIGNER):
            return None
        trusted = [key.named(origin) for key in keys]
        checkpoint = parse_note(note, trusted)[0] if trusted else parse(Note.parse(note).text)
        return checkpoint if checkpoint.origin == origin else None
    except (Unreachable, Refused, NoteError, OSError) as error:
        if name == SIGNER:
            raise
        logger.warning("not compared at the start", party=name, trouble=str(error))
        return None


def _database_behind(name: str, seen: Checkpoint, size: int) -> Stopped:
    return Stopped(
        "database_behind",
        f"{name} has seen {seen.size} leaves of {seen.origin}; this database has {size}. A restored backup, a "
        "standby that took over too early, or somebody cut the log short: restore the published entries "
        "(seal_trail --restore-from) or begin a new epoch (seal_trail --new-epoch).",
    )


def _database_differs(name: str, seen: Checkpoint) -> Stopped:
    return Stopped(
        "database_differs",
        f"{name} has seen another history of {seen.origin}: the first {seen.size} leaves of this database have "
        "another root. Begin a new epoch (seal_trail --new-epoch) when it is known why.",
    )
