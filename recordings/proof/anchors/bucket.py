"""S3 Object Lock in compliance mode: the log's copy where nobody can take it back, the portal's operator included."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings

from recordings.proof.anchors import copy, incidents, ledger
from recordings.proof.anchors.copy import Piece, checkpoint_key, piece_key, pieces
from recordings.proof.anchors.destination import Errand, Trouble, Visit
from recordings.proof.anchors.ledger import Connection, Standing
from recordings.proof.anchors.locked_bucket import Differs, Lockbox
from recordings.proof.sealing.tree import Tree
from recordings.tlog.client import Unreachable
from recordings.tlog.notes import VerifierKey
from recordings.tlog.tiles import TileError

NAME = "bucket"
EVERY = timedelta(minutes=5)


class Anchoring(Errand):
    """The errand: what is new in the log, put into the bucket to stay for `days`."""

    name, every = NAME, EVERY

    def __init__(self, box: Lockbox, url: str, days: int) -> None:
        self._box, self._url, self._days = box, url, days

    def visit(self, connection: Connection) -> Visit:
        """Put what the bucket lacks, the checkpoint last. What an interrupted visit has put is not put again."""
        checkpoint = ledger.newest(connection)
        try:
            self._put(connection, checkpoint)
        except Differs as differs:
            incidents.report(connection, "bucket_differs", NAME, str(differs))
            raise
        return Visit(checkpoint.size)

    def _put(self, connection: Connection, checkpoint: Standing) -> None:
        place = f"{self._url}/{checkpoint.origin}"
        kept = ledger.last_kept(connection, NAME, place)
        until = datetime.now(UTC) + timedelta(days=self._days)
        tree = Tree(connection.cursor())
        for piece in pieces(kept[0] if kept else 0, checkpoint.size):
            self._box.put(piece_key(checkpoint.origin, piece), _read(tree, piece), until)
        key = checkpoint_key(checkpoint.origin, checkpoint.size)
        version = self._box.put(key, checkpoint.note.encode(), until)
        evidence = f"{key}\nversion {version}\nCOMPLIANCE until {until:%Y-%m-%dT%H:%M:%SZ}\n"
        ledger.keep(connection, NAME, checkpoint.size, place, evidence.encode(), datetime.now(UTC))


def _read(tree: Tree, piece: Piece) -> bytes:
    try:
        return tree.tile(*piece)
    except TileError as error:
        raise Trouble(f"The log cannot be copied: {error}") from None


def configured() -> Lockbox:
    """The bucket that the settings name. ValueError when they name no place that can be one."""
    return Lockbox(
        settings.AUDIT_ANCHOR_BUCKET.rstrip("/"),
        settings.AUDIT_ANCHOR_ACCESS_KEY_ID,
        settings.AUDIT_ANCHOR_SECRET_ACCESS_KEY,
        settings.S3_REGION,
    )


def newest(origin: str, keys: Sequence[VerifierKey] = ()) -> str | None:
    """The newest checkpoint of this log in the configured bucket, as `copy.newest`. Unreachable when it cannot be read.

    ValueError as `configured`.
    """
    try:
        return copy.newest(configured(), origin, keys)
    except Trouble as trouble:
        raise Unreachable(str(trouble)) from None


def entries(note: str) -> Iterator[bytes]:
    """The entries under a checkpoint from the configured bucket, as `copy.entries`. Trouble, ValueError as there."""
    return copy.entries(configured(), note)
