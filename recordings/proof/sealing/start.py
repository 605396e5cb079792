"""Load the log before sealing: recompute it from its leaves and compare it with the checkpoints that others hold.

A restored backup, or a standby that was promoted too early, looks exactly like a log that somebody truncated. Therefore
the newest checkpoints of the signer, the witnesses and the anchors are compared with the database.
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
# Returns the newest signed checkpoint that an observer has of the log with this origin; None when it has none.
LatestNote = Callable[[str], str | None]
SeenCheckpoints = list[tuple[str, Checkpoint]]  # the observer's name and its checkpoint


class Observers:
    """Those who may have seen more of the log than the database holds: the signer, witnesses, the bucket."""

    def __init__(self, origin: str, latest: Mapping[str, LatestNote], keys: Sequence[VerifierKey]) -> None:
        """`origin` is the name of the first epoch. `latest` has a function for each observer, by name."""
        self._first_origin, self._latest, self.keys = origin, latest, keys

    def newest(self) -> SeenCheckpoints:
        """Collect the newest checkpoints of the newest epoch that the signer knows.

        Raises Unreachable when the signer does not answer. Other observers that do not answer are left out.
        """
        *_, origin = self.epochs()
        checkpoints = (
            (name, newest_of(name, latest, origin, self.keys)) for name, latest in self._latest.items()
        )
        return [(name, checkpoint) for name, checkpoint in checkpoints if checkpoint]

    def last_signed(self, origin: str) -> Checkpoint | None:
        """Ask the signer for the last checkpoint that it signed of an epoch."""
        latest = self._latest.get(SIGNER)
        return newest_of(SIGNER, latest, origin, self.keys) if latest else None

    def epochs(self) -> Iterator[str]:
        """List the epochs that the signer has begun; always at least the first."""
        yield self._first_origin
        number = 2
        while self.last_signed(origin := f"{self._first_origin}/{number}"):
            yield origin
            number += 1


def load(connection: psycopg.Connection[Any], origin: str, observers: Observers) -> Log | None:
    """Load the log from its leaves and compare it with the observers' checkpoints; None before it is opened.

    Raises SealingError when the database holds another log. Raises Stopped, with its incident recorded, when the
    database has fewer leaves than an observer has seen, has other leaves, or has leaves that nobody signed and no event
    explains; and while an incident that stops sealing is open.
    """
    seen = observers.newest()
    with record_stops(connection):
        log = _load(connection, origin, observers, seen, accept_unproven=False)
        if log is None and seen:
            raise _database_behind(*seen[0], 0)
    check_not_stopped(connection)
    return log


def load_uncompared(connection: psycopg.Connection[Any], origin: str, observers: Observers) -> Log | None:
    """Load the log from its leaves without comparing it and with incidents open: for an operator's commands."""
    return _load(connection, origin, observers, [], accept_unproven=True)


def _load(
    connection: psycopg.Connection[Any],
    origin: str,
    observers: Observers,
    seen: SeenCheckpoints,
    *,
    accept_unproven: bool,
) -> Log | None:
    # 1. The database must hold the log that AUDIT_ORIGIN names.
    for (name,) in connection.execute("SELECT origin FROM audit.log_head").fetchall():
        if epoch_of(origin, name) is None:
            raise SealingError(f"AUDIT_ORIGIN is {origin}, but the log in this database is {name}.")
    count = count_leaves(connection)
    if not count:
        return None
    # 2. Read the leaves under the newest signature: they only need to have the root that was signed.
    sizes = [checkpoint.size for _, checkpoint in seen]
    recounted, contradicted = _recount_signed(connection, origin, count, observers, sizes)
    log = recounted.log
    # 3. Recompute the leaves after them from their events.
    vetting = Vetting(connection, log, observers.last_signed, accept_unproven=accept_unproven, sizes=sizes)
    try:
        vetting.add_all()
    except Stopped as stopped:
        if contradicted and stopped.code == LEAF_FOREIGN:
            raise _database_differs(SIGNER, contradicted) from stopped
        raise
    # 4. Compare the log with the observers' checkpoints.
    roots = recounted.roots | vetting.roots
    for name, checkpoint in seen:
        if (epoch_of(origin, checkpoint.origin) or 0) < (epoch_of(origin, log.origin) or 0):
            continue  # leaves that an earlier epoch lost cannot come back
        if checkpoint.size > log.size:
            raise _database_behind(name, checkpoint, log.size)
        if checkpoint.size and roots.get(checkpoint.size) != checkpoint.root:
            raise _database_differs(name, checkpoint)
    # 5. The log need not be signed again when a checkpoint of exactly this size and root is published.
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
    """Recount the leaves under the newest signature that they agree with, the signer's or a published checkpoint's.

    Also returns a checkpoint that the leaves contradict, if there is one.
    """
    *_, newest = observers.epochs()
    candidates = [observers.last_signed(newest)]
    # The sealer's login can insert rows here, so only the newest checkpoint with a valid signature counts.
    for name, note in connection.execute(_CHECKPOINTS, [count]).fetchall():
        if observers.keys and epoch_of(origin, name) and (published := _verified(note, name, observers.keys)):
            candidates.append(published)
            break
    contradicted = None
    covered = [checkpoint for checkpoint in candidates if checkpoint and checkpoint.size <= count]
    for checkpoint in sorted(covered, key=lambda checkpoint: -checkpoint.size):
        recounted = recount(connection, origin, checkpoint, sizes)
        if recounted.roots[checkpoint.size] == checkpoint.root:
            return recounted, contradicted
        contradicted = contradicted or checkpoint
    return recount(connection, origin, Checkpoint(origin, 0, EMPTY_ROOT)), contradicted


def _verified(note: str, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """Parse a checkpoint of this origin that one of the keys signed; None for anything else."""
    try:
        checkpoint, _ = parse_note(note, [key.named(origin) for key in keys])
    except NoteError:
        return None
    return checkpoint if checkpoint.origin == origin else None


def newest_of(name: str, latest: LatestNote, origin: str, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    """Ask an observer for its newest checkpoint. One without the log's signature must not stop the sealer."""
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
        logger.warning("observer not compared", observer=name, error=str(error))
        return None


def _database_behind(name: str, seen: Checkpoint, size: int) -> Stopped:
    return Stopped(
        "database_behind",
        f"{name} has seen {seen.size} leaves of {seen.origin}; this database has {size}. Either a backup was restored, "
        "or a standby was promoted too early, or somebody deleted leaves. Restore the published entries "
        "(seal_trail --restore-from) or begin a new epoch (seal_trail --new-epoch).",
    )


def _database_differs(name: str, seen: Checkpoint) -> Stopped:
    return Stopped(
        "database_differs",
        f"{name} has seen a different history of {seen.origin}: the first {seen.size} leaves of this database have "
        "a different root. Find the cause, then begin a new epoch (seal_trail --new-epoch).",
    )
