"""The signer's word on what is committed. Only committed roots are signed: a crash between the two loses nothing,
while a signature over a root that was rolled back would make two trees of one size."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg

from recordings.sealing.errors import Stopped
from recordings.sealing.incidents import kept
from recordings.sealing.rotation import Rotation
from recordings.sealing.tree import Tree
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.client import Conflict, Refused
from recordings.tlog.notes import Note, VerifierKey, format_note
from recordings.tlog.tiles import TileError

_HEAD = "SELECT origin, size, root, frontier FROM audit.log_head"
_NEWEST = "SELECT size FROM audit.checkpoint WHERE origin = %s ORDER BY size DESC LIMIT 1"
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
        self._last: tuple[str, int] | None = None
        self._rotation = Rotation()
        self._edge = merkle.Frontier()  # as it was when something was signed last

    def sign(self, connection: psycopg.Connection[Any], fresh: Sequence[bytes] = ()) -> int | None:
        """Sign the log's end as it is committed; its size, or None when that is signed already. `fresh` are the hashes
        of the leaves that were just added: with them the proof need not be read out of the database.

        Raises Unreachable or Refused when the signer does not sign, Stopped when it knows another history.
        """
        row = connection.execute(_HEAD).fetchone()
        if row is None:
            return None
        checkpoint = Checkpoint(row[0], row[1], bytes(row[2]))
        old = self._known(connection, checkpoint.origin)
        if old == checkpoint.size:
            return None
        with kept(connection):
            if old > checkpoint.size:
                return self._is_ahead(connection, checkpoint, old)
            signed = self._ask(connection, checkpoint, old, fresh)
        self._edge = merkle.Frontier.from_bytes(checkpoint.size, bytes(row[3]))
        return signed

    def _known(self, connection: psycopg.Connection[Any], origin: str) -> int:
        if self._last is None or self._last[0] != origin:
            row = connection.execute(_NEWEST, [origin]).fetchone()
            self._last = origin, row[0] if row else 0
        return self._last[1]

    def _ask(
        self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, old: int, fresh: Sequence[bytes]
    ) -> int | None:
        try:
            lines = self._lines(checkpoint, old, self._path(connection, old, checkpoint.size, fresh))
        except Conflict as other:
            if other.size > checkpoint.size:
                return self._is_ahead(connection, checkpoint, other.size)
            lines = self._lines(
                checkpoint, other.size, self._path(connection, other.size, checkpoint.size, ())
            )
        self._check(note := format_note(checkpoint.text(), lines))
        connection.execute(_KEEP, [checkpoint.size, checkpoint.root, checkpoint.origin, note])
        self._rotation.notice(connection, checkpoint.origin, checkpoint.size, note)
        self._last = checkpoint.origin, checkpoint.size
        return checkpoint.size

    def _lines(self, checkpoint: Checkpoint, old: int, path: Sequence[bytes]) -> list[str]:
        try:
            return self._signer.add_checkpoint(old, path, checkpoint.text())
        except Refused as refused:
            if refused.status != _INCONSISTENT:
                raise
            said = f"The signer knows another history than {checkpoint.size} leaves: {refused.text}"
            raise Stopped("signer_refused", said) from refused

    def _path(
        self, connection: psycopg.Connection[Any], old: int, size: int, fresh: Sequence[bytes]
    ) -> list[bytes]:
        if old and old == self._edge.size and old + len(fresh) == size:
            return grown(self._edge, fresh)
        try:
            return Tree(connection.cursor()).at(size).consistency_path(old)
        except TileError as gone:
            raise Stopped("head_differs", f"Hashes of the log are missing: {gone}") from None

    def _is_ahead(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, size: int) -> int | None:
        """More is signed than we asked for: another sealer was faster, or leaves that were signed are gone."""
        row = connection.execute(_HEAD).fetchone()
        if row and row[1] >= size:
            self._last = None
            return None
        raise Stopped(
            "database_behind",
            f"{size} leaves of {checkpoint.origin} are signed; the database has {checkpoint.size}.",
        )

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
