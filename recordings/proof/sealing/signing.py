"""Have committed roots signed, and publish their checkpoints.

Only committed roots are signed. A crash between commit and signature loses nothing, whereas a signature over a root
that was rolled back would allow two different trees of one size.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import psycopg
import structlog

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.incidents import record_incident, record_stops
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.rotation import Rotation
from recordings.proof.sealing.tree import Tree
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.client import Conflict, Refused, Unreachable
from recordings.tlog.notes import Note, NoteError, VerifierKey, format_note
from recordings.tlog.tiles import TileError

logger = structlog.get_logger("portal.sealer")

_NOTES = "SELECT note FROM audit.checkpoint WHERE origin = %s ORDER BY size DESC LIMIT 20"
_LAST = "SELECT coalesce(max(n), -1) FROM audit.leaf"
_INSERT = """
INSERT INTO audit.checkpoint (size, root, origin, note) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_INCONSISTENT = 422

SigningFailure = Unreachable | Refused | NoteError
# Raised by `sign` when the signer does not sign. Sealing continues, and the signer is asked again.
NOT_SIGNED = (Unreachable, Refused, NoteError)


class SignerClient(Protocol):
    """The parts of recordings.tlog.client.Client that the sealer uses."""

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> list[str]: ...
    def latest(self, origin: str) -> str | None: ...


class SignedCheckpoint(NamedTuple):
    """A checkpoint, and its note with the signer's signatures."""

    checkpoint: Checkpoint
    note: str


class Signing:
    """Requests signatures on the committed end of the log, and publishes the checkpoints."""

    def __init__(self, signer: SignerClient, keys: Sequence[VerifierKey]) -> None:
        """`keys` are the log's keys from the trust policy. Without any, signatures are not verified."""
        self._signer, self._keys = signer, keys
        # An origin, and the largest size that the signer is known to have signed for it.
        self._known: tuple[str, int] | None = None
        self._rotation = Rotation()

    def sign_and_publish(self, connection: psycopg.Connection[Any], log: Log) -> int | None:
        """Sign the end of the log and publish its checkpoint; returns its size, or None as `sign` does."""
        signed = self.sign(connection, log)
        if signed is None:
            return None
        self.publish(connection, log, signed)
        return signed.checkpoint.size

    def sign(self, connection: psycopg.Connection[Any], log: Log) -> SignedCheckpoint | None:
        """Have the signer sign the committed end of the log.

        None when it is signed already, or when the signer has signed a larger size for another sealer. Raises
        Unreachable, Refused or NoteError when the signer does not sign, Stopped when it has signed a different history.
        """
        if log.signed == log.size:
            return None
        checkpoint = Checkpoint(log.origin, log.size, log.frontier.root())
        with record_stops(connection):
            # The request has a consistency proof from the size that the signer signed last, as far as is known here.
            old = self._largest_signed(connection, checkpoint.origin)
            if old > checkpoint.size:
                self._check_ahead(connection, checkpoint, old)
                return None
            try:
                lines = self._ask(connection, log, checkpoint, old)
            except Conflict as conflict:
                if conflict.size > checkpoint.size:
                    self._check_ahead(connection, checkpoint, conflict.size)
                    return None
                if conflict.size < old:
                    # With an older state the signer could sign a second history.
                    sentence = (
                        f"The signer's state has {conflict.size} leaves of {checkpoint.origin}, but it has signed "
                        f"{old}: an older state was restored."
                    )
                    if record_incident(connection, "signer_went_back", sentence):
                        logger.error("signer state went back", size=conflict.size, known=old)
                lines = self._ask(connection, log, checkpoint, conflict.size)
            note = format_note(checkpoint.text(), lines)
            self._verify(note)
        self._known = checkpoint.origin, checkpoint.size
        return SignedCheckpoint(checkpoint, note)

    def publish(self, connection: psycopg.Connection[Any], log: Log, signed: SignedCheckpoint) -> None:
        """Write the checkpoint's row and, in the same transaction, a `key.rotated` event when its key is new."""
        checkpoint, note = signed
        with record_stops(connection):
            rotations = self._rotation.new_key_details(connection, checkpoint.origin, checkpoint.size, note)
            batch = None
            with connection.transaction():
                if rotations:
                    now = lock(connection, log)
                    catch_up(connection, log)
                    batch = Batch(log, connection, stamp(now))
                    for detail in rotations:
                        batch.add_log_event(Kind.KEY_ROTATED, detail)
                    batch.save(batch.grow_tree())
                values = [checkpoint.size, checkpoint.root, checkpoint.origin, note]
                inserted = connection.execute(_INSERT, values).rowcount
            self._rotation.remember(checkpoint.origin, note)
            if log.size == checkpoint.size:
                log.mark_signed()
            if batch:
                batch.adopt()
            if not inserted:
                self._check_published(connection, checkpoint)

    def _largest_signed(self, connection: psycopg.Connection[Any], origin: str) -> int:
        """Return the largest size that the signer is known to have signed for this origin; 0 when nothing is known.

        At the start this is read from the published checkpoints, of which only those with a valid signature count.
        """
        if self._known is None or self._known[0] != origin:
            size, keys = 0, [key.named(origin) for key in self._keys]
            for (note,) in connection.execute(_NOTES, [origin]).fetchall() if keys else ():
                try:
                    size = parse_note(note, keys)[0].size
                    break
                except NoteError:
                    continue
            self._known = origin, size
        return self._known[1]

    def _ask(
        self, connection: psycopg.Connection[Any], log: Log, checkpoint: Checkpoint, old: int
    ) -> list[str]:
        """Request the signature lines, with the proof that the tree of `old` leaves grew into this one."""
        if old == log.signed_frontier.size and old + len(log.since_signed) == log.size:
            path = consistency_path_of(log.signed_frontier, log.since_signed) if old else []
        else:  # the signer's last size is not the last one signed for this process
            try:
                path = Tree(connection.cursor()).at(log.size).consistency_path(old)
            except TileError as missing:
                raise Stopped("head_differs", f"Hashes of the log are missing. {missing}") from None
        try:
            return self._signer.add_checkpoint(old, path, checkpoint.text())
        except Refused as refused:
            if refused.status != _INCONSISTENT:
                raise
            sentence = f"The signer has signed a different history than these {checkpoint.size} leaves: {refused.text}"
            raise Stopped("signer_refused", sentence) from refused

    def _check_ahead(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, size: int) -> None:
        """Accept that the signer signed more for another sealer. Raises Stopped when signed leaves are missing here."""
        ((last,),) = connection.execute(_LAST).fetchall()
        if last + 1 < size:
            raise Stopped(
                "database_behind",
                f"{size} leaves of {checkpoint.origin} are signed, but the database has {last + 1}.",
            )
        self._known = None

    def _check_published(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint) -> None:
        """Check the row that already existed for this size: ours from before a crash, or one that somebody inserted."""
        rows = connection.execute(
            "SELECT origin, size, root, note FROM audit.checkpoint WHERE size = %s", [checkpoint.size]
        ).fetchall()
        for origin, size, root, note in rows:
            try:
                if Checkpoint(origin, size, bytes(root)) == checkpoint:
                    self._verify(note)
                    return
            except NoteError:
                pass
            sentence = (
                f"The checkpoint of size {size} in the database differs from the one that the signer signed."
            )
            record_incident(connection, "checkpoint_foreign", sentence)

    def _verify(self, note: str) -> None:
        """Verify the log's signatures on a note with the policy's keys. Raises NoteError."""
        keys = [key.named(Note.parse(note).text.partition("\n")[0]) for key in self._keys]
        if keys:
            Note.parse(note).verify(keys)


def consistency_path_of(edge: merkle.Frontier, added: Sequence[bytes]) -> list[bytes]:
    """Compute the consistency path of a grown tree from its old right edge and the new leaf hashes alone.

    Each node of such a path is either a full subtree of the old tree or has only new leaves (RFC 9162, 2.1.4.1).
    """
    old, size = edge.size, edge.size + len(added)
    full = dict(zip(merkle.full_subtrees(0, old), edge.nodes, strict=True))
    path = []
    for height, index in merkle.consistency_nodes(old, size):
        start = index << height
        new = added[start - old : start + (1 << height) - old]
        path.append(full[height, index] if start < old else merkle.root(new))
    return path
