"""The signer's word on what is committed. Only committed roots are signed: a crash between the two loses nothing,
while a signature over a root that was rolled back would make two trees of one size."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
import structlog

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.incidents import kept, note_incident
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.rotation import Rotation
from recordings.proof.sealing.seal import lock
from recordings.proof.sealing.tree import Tree
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.client import Conflict, Refused
from recordings.tlog.notes import Note, NoteError, VerifierKey, format_note
from recordings.tlog.tiles import TileError

logger = structlog.get_logger("portal.sealer")

_NOTES = "SELECT note FROM audit.checkpoint WHERE origin = %s ORDER BY size DESC LIMIT 20"
_LAST = "SELECT coalesce(max(n), -1) FROM audit.leaf"
_KEEP = """
INSERT INTO audit.checkpoint (size, root, origin, note) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_INCONSISTENT = 422


class AsksForSignatures(Protocol):
    """The signer as its client shows it (recordings.tlog.client)."""

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> list[str]: ...
    def latest(self, origin: str) -> str | None: ...


class Signing:
    """Has the committed end of the log signed, and keeps the checkpoint."""

    def __init__(self, signer: AsksForSignatures, keys: Sequence[VerifierKey]) -> None:
        """`keys` are the log's, from the trust policy; without any, the signer is believed as it is."""
        self._signer, self._keys = signer, keys
        self._answered: tuple[str, int] | None = None  # the largest size that the signer has signed
        self._rotation = Rotation()

    def sign(self, connection: psycopg.Connection[Any], log: Log) -> int | None:
        """Sign the log's end as it is committed; its size, or None when that is signed already.

        Raises Unreachable or Refused when the signer does not sign, Stopped when it knows another history.
        """
        if log.signed == log.size:
            return None
        checkpoint = Checkpoint(log.origin, log.size, log.frontier.root())
        with kept(connection):
            answered = self._known(connection, checkpoint.origin)
            if answered > checkpoint.size:
                self._is_ahead(connection, checkpoint, answered)
                return None
            lines = self._ask(connection, log, checkpoint, answered)
            if lines is None:
                return None
            self._check(note := format_note(checkpoint.text(), lines))
            self._answered = checkpoint.origin, checkpoint.size
            self._keep(connection, log, checkpoint, note)
        return checkpoint.size

    def _known(self, connection: psycopg.Connection[Any], origin: str) -> int:
        """The largest size of this origin that the signer is known to have signed. A row of the table counts only
        with its signature."""
        if self._answered is None or self._answered[0] != origin:
            self._answered = origin, self._proven(connection, origin)
        return self._answered[1]

    def _proven(self, connection: psycopg.Connection[Any], origin: str) -> int:
        keys = [key.named(origin) for key in self._keys]
        for (note,) in connection.execute(_NOTES, [origin]).fetchall() if keys else ():
            try:
                return parse_note(note, keys)[0].size
            except NoteError:
                continue
        return 0

    def _ask(
        self, connection: psycopg.Connection[Any], log: Log, checkpoint: Checkpoint, old: int
    ) -> list[str] | None:
        """Its signature lines; None when it has signed more than we have asked for, and that is no trouble."""
        try:
            return self._lines(checkpoint, old, self._path(connection, log, old))
        except Conflict as other:
            if other.size > checkpoint.size:
                self._is_ahead(connection, checkpoint, other.size)
                return None
            if other.size < old:
                self._went_back(connection, checkpoint.origin, other.size, old)
            return self._lines(checkpoint, other.size, self._path(connection, log, other.size))

    def _went_back(self, connection: psycopg.Connection[Any], origin: str, size: int, known: int) -> None:
        """The signer remembers less than it has signed: its state was put back, and it could sign another history."""
        sentence = (
            f"The signer remembers {size} leaves of {origin} and has signed {known}: its state was put back."
        )
        if note_incident(connection, "signer_went_back", sentence):
            logger.error("the signer went back", size=size, known=known)

    def _lines(self, checkpoint: Checkpoint, old: int, path: Sequence[bytes]) -> list[str]:
        try:
            return self._signer.add_checkpoint(old, path, checkpoint.text())
        except Refused as refused:
            if refused.status != _INCONSISTENT:
                raise
            said = f"The signer knows another history than {checkpoint.size} leaves: {refused.text}"
            raise Stopped("signer_refused", said) from refused

    def _path(self, connection: psycopg.Connection[Any], log: Log, old: int) -> list[bytes]:
        """From memory, unless the signer begins elsewhere than at what was signed last."""
        if old == log.signed_frontier.size and old + len(log.fresh) == log.size:
            return grown(log.signed_frontier, log.fresh) if old else []
        try:
            return Tree(connection.cursor()).at(log.size).consistency_path(old)
        except TileError as gone:
            raise Stopped("head_differs", f"Hashes of the log are missing: {gone}") from None

    def _is_ahead(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, size: int) -> None:
        """More is signed than we asked for: another sealer was faster, or leaves that were signed are gone."""
        ((last,),) = connection.execute(_LAST).fetchall()
        if last + 1 < size:
            raise Stopped(
                "database_behind",
                f"{size} leaves of {checkpoint.origin} are signed; the database has {last + 1}.",
            )
        self._answered = None

    def _keep(self, connection: psycopg.Connection[Any], log: Log, checkpoint: Checkpoint, note: str) -> None:
        """Keep the checkpoint; that its key is new is said in the transaction that keeps it."""
        news = self._rotation.news(connection, checkpoint.origin, checkpoint.size, note)
        batch = None
        with connection.transaction():
            if news:
                now, _ = lock(connection, log)
                batch = Batch(log, connection, stamp(now))
                for detail in news:
                    batch.own(Kind.KEY_ROTATED, detail)
                batch.save()
            values = [checkpoint.size, checkpoint.root, checkpoint.origin, note]
            made = connection.execute(_KEEP, values).rowcount
        self._rotation.remember(checkpoint.origin, note)
        if log.size == checkpoint.size:
            log.is_signed()
        if batch:
            batch.adopt()
        if not made:
            self._check_kept(connection, checkpoint)

    def _check_kept(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint) -> None:
        """There was a checkpoint of this size already: ours, from before a crash, or one that somebody inserted."""
        rows = connection.execute(
            "SELECT origin, size, root, note FROM audit.checkpoint WHERE size = %s", [checkpoint.size]
        ).fetchall()
        for origin, size, root, note in rows:
            try:
                if Checkpoint(origin, size, bytes(root)) == checkpoint:
                    return self._check(note)
            except NoteError:
                pass
            sentence = f"The checkpoint of size {size} in the database is not the one that the signer signed."
            note_incident(connection, "checkpoint_foreign", sentence)
        return None

    def _check(self, note: str) -> None:
        """A signature that the policy's key does not confirm is no signature. Raises NoteError."""
        keys = [key.named(Note.parse(note).text.partition("\n")[0]) for key in self._keys]
        if keys:
            Note.parse(note).verify(keys)


def grown(edge: merkle.Frontier, fresh: Sequence[bytes]) -> list[bytes]:
    """The consistency path from a tree to itself with more leaves, out of its right edge and their hashes alone.

    Each node of such a path is either one of the old tree's full subtrees or has new leaves only (RFC 9162 2.1.4.1).
    """
    old, size = edge.size, edge.size + len(fresh)
    full = dict(zip(merkle.full_subtrees(0, old), edge.nodes, strict=True))
    path = []
    for height, index in merkle.consistency_nodes(old, size):
        start = index << height
        new = fresh[start - old : start + (1 << height) - old]
        path.append(full[height, index] if start < old else merkle.root(new))
    return path
