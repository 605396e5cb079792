"""The signer's word on what is committed. Only committed roots are signed: a crash between the two loses nothing,
while a signature over a root that was rolled back would make two trees of one size."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg

from recordings.sealing.errors import Stopped
from recordings.sealing.incidents import kept
from recordings.sealing.tree import Tree
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.client import Conflict, Refused
from recordings.tlog.notes import Note, VerifierKey, format_note

_HEAD = "SELECT origin, size, root FROM audit.log_head"
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

    def sign(self, connection: psycopg.Connection[Any]) -> int | None:
        """Sign the log's end as it is committed; its size, or None when that is signed already.

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
            return self._ask(connection, checkpoint, old)

    def _known(self, connection: psycopg.Connection[Any], origin: str) -> int:
        if self._last is None or self._last[0] != origin:
            row = connection.execute(_NEWEST, [origin]).fetchone()
            self._last = origin, row[0] if row else 0
        return self._last[1]

    def _ask(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, old: int) -> int | None:
        try:
            lines = self._lines(connection, checkpoint, old)
        except Conflict as other:
            if other.size > checkpoint.size:
                return self._is_ahead(connection, checkpoint, other.size)
            lines = self._lines(connection, checkpoint, other.size)
        self._check(note := format_note(checkpoint.text(), lines))
        connection.execute(_KEEP, [checkpoint.size, checkpoint.root, checkpoint.origin, note])
        self._last = checkpoint.origin, checkpoint.size
        return checkpoint.size

    def _lines(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, old: int) -> list[str]:
        path = Tree(connection.cursor()).at(checkpoint.size).consistency_path(old)
        try:
            return self._signer.add_checkpoint(old, path, checkpoint.text())
        except Refused as refused:
            if refused.status != _INCONSISTENT:
                raise
            said = f"The signer knows another history than {checkpoint.size} leaves: {refused.text}"
            raise Stopped("signer_refused", said) from refused

    def _is_ahead(self, connection: psycopg.Connection[Any], checkpoint: Checkpoint, size: int) -> int | None:
        """It signed more than we asked for: another sealer was faster, or leaves that were signed are gone."""
        row = connection.execute(_HEAD).fetchone()
        if row and row[1] >= size:
            self._last = None
            return None
        raise Stopped(
            "database_behind",
            f"The signer signed {size} leaves of {checkpoint.origin}; the database has {checkpoint.size}.",
        )

    def _check(self, note: str) -> None:
        """A signature that the policy's key does not confirm is no signature. Raises NoteError."""
        keys = [key.named(Note.parse(note).text.partition("\n")[0]) for key in self._keys]
        if keys:
            Note.parse(note).verify(keys)
