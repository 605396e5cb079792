"""Write the first leaf of a log and of each later epoch. It names the log and commits to the tag key."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.tags import KEY_BYTES, key_commitment
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.signer import epoch_of

_CREATE = """
INSERT INTO audit.log_head (origin, tag_key, size, root) VALUES (%s, %s, 0, %s) ON CONFLICT DO NOTHING
"""


def open_log(connection: psycopg.Connection[Any], origin: str) -> Log | None:
    """Open the log: generate the tag key and write `log.opened` as leaf 0. None when there is a log already."""
    log = fresh_log(origin)
    with connection.transaction():
        if not create_row(connection, log):
            return None
        batch = Batch(log, connection)
        write_opening(batch, origin, {})
        batch.save(batch.grow_tree())
    batch.adopt()
    return log


def fresh_log(first: str) -> Log:
    """Create an empty log with a new tag key."""
    return Log(first, first, os.urandom(KEY_BYTES), manifest_at=stamp(datetime.now(UTC)))


def create_row(connection: psycopg.Connection[Any], log: Log) -> bool:
    """Insert the row that sealers lock; False when it exists. A second sealer waits here for the first."""
    return connection.execute(_CREATE, [log.origin, log.tag_key, EMPTY_ROOT]).rowcount == 1


def next_origin(first: str, origin: str) -> str:
    """Return the name of the epoch after `origin`, of the log that began as `first`: first/2, first/3 and so on."""
    return f"{first}/{(epoch_of(first, origin) or 0) + 1}"


def write_opening(batch: Batch, origin: str, extra: Mapping[str, int | str]) -> None:
    """Write the `log.opened` event of an epoch as the next leaf."""
    batch.origin = origin
    batch.add_log_event(
        Kind.LOG_OPENED,
        {"origin": origin, "tag_key_sha256": key_commitment(batch.log.tag_key), **extra},
    )


def write_epoch(batch: Batch, seen: Checkpoint, reason: str) -> str:
    """Begin the epoch after `seen`, the last checkpoint that others hold; returns its origin.

    The existing leaves stay. The new `log.opened` records the last checkpoint and the reason.
    """
    origin = next_origin(batch.log.first, seen.origin)
    previous: dict[str, int | str] = {"previous_size": seen.size, "previous_root": seen.root.hex()}
    write_opening(batch, origin, previous | {"previous_origin": seen.origin, "reason": reason})
    return origin
