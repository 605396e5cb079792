"""Copy the log into a bucket with S3 Object Lock in compliance mode, where nobody can delete it, not even operators."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings

from recordings.proof.anchors import copy, incidents, ledger
from recordings.proof.anchors.copy import checkpoint_key, piece_key, pieces
from recordings.proof.anchors.destination import Destination, DestinationError, Published
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.locked_bucket import Differs, LockedBucket
from recordings.proof.sealing.tree import Tree
from recordings.tlog.client import Unreachable
from recordings.tlog.notes import VerifierKey
from recordings.tlog.tiles import TileError

NAME = "bucket"
EVERY = timedelta(minutes=5)


class BucketDestination(Destination):
    """The locked bucket. New parts of the log are put there and stay for `days`."""

    name, every = NAME, EVERY

    def __init__(self, bucket: LockedBucket, url: str, days: int) -> None:
        self._bucket, self._url, self._days = bucket, url, days

    def publish(self, connection: Connection) -> Published:
        """Put what the bucket lacks, the checkpoint last. Files that an interrupted attempt put are not put again."""
        checkpoint = ledger.newest(connection)
        location = f"{self._url}/{checkpoint.origin}"
        anchored = ledger.last_anchor(connection, NAME, location)
        until = datetime.now(UTC) + timedelta(days=self._days)
        tree = Tree(connection.cursor())
        key = checkpoint_key(checkpoint.origin, checkpoint.size)
        try:
            for piece in pieces(anchored[0] if anchored else 0, checkpoint.size):
                self._bucket.put(piece_key(checkpoint.origin, piece), tree.tile(*piece), until)
            version = self._bucket.put(key, checkpoint.note.encode(), until)
        except TileError as error:
            raise DestinationError(f"The log could not be copied: {error}") from None
        except Differs as differs:
            incidents.report_incident(connection, "bucket_differs", NAME, str(differs))
            raise
        evidence = f"{key}\nversion {version}\nCOMPLIANCE until {until:%Y-%m-%dT%H:%M:%SZ}\n"
        ledger.record_anchor(
            connection, NAME, checkpoint.size, location, evidence.encode(), datetime.now(UTC)
        )
        return Published(checkpoint.size)


def configured_destination() -> BucketDestination:
    """Build the destination from the settings. Raises ValueError as `configured` does."""
    return BucketDestination(
        configured(), settings.AUDIT_ANCHOR_BUCKET.rstrip("/"), settings.AUDIT_ANCHOR_DAYS
    )


def configured() -> LockedBucket:
    """Build the client of the bucket that the settings name. Raises ValueError for settings that cannot be used."""
    return LockedBucket(
        settings.AUDIT_ANCHOR_BUCKET.rstrip("/"),
        settings.AUDIT_ANCHOR_ACCESS_KEY_ID,
        settings.AUDIT_ANCHOR_SECRET_ACCESS_KEY,
        settings.S3_REGION,
    )


def newest(origin: str, keys: Sequence[VerifierKey] = ()) -> str | None:
    """Read this log's newest checkpoint from the configured bucket, as `copy.newest` does.

    Raises Unreachable when the bucket cannot be read, ValueError as `configured` does.
    """
    try:
        return copy.newest(configured(), origin, keys)
    except DestinationError as error:
        raise Unreachable(str(error)) from None


def entries(note: str) -> Iterator[bytes]:
    """Read the entries under a checkpoint from the configured bucket. Raises as `copy.entries` and `configured` do."""
    return copy.entries(configured(), note)
