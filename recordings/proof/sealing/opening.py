"""The first leaf of a log, and of each later epoch: it names the log and commits to the tag key."""

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
    """Open the log when there is none: make the tag key, write `log.opened` as leaf 0. None when there is one."""
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
    """Make an empty log with a tag key of its own."""
    return Log(first, first, os.urandom(KEY_BYTES), manifest_at=stamp(datetime.now(UTC)))


def create_row(connection: psycopg.Connection[Any], log: Log) -> bool:
    """Make the row that sealers lock; False when there is one (a second sealer waits here for the first)."""
    return connection.execute(_CREATE, [log.origin, log.tag_key, EMPTY_ROOT]).rowcount == 1


def next_origin(first: str, origin: str) -> str:
    """Name the next epoch of the log that began as `first`: first/2, first/3 …"""
    return f"{first}/{(epoch_of(first, origin) or 0) + 1}"


def write_opening(batch: Batch, origin: str, more: Mapping[str, int | str]) -> None:
    """Write `log.opened` of an epoch as the next leaf."""
    batch.origin = origin
    batch.add_log_event(
        Kind.LOG_OPENED,
        {"origin": origin, "tag_key_sha256": key_commitment(batch.log.tag_key), **more},
    )


def write_epoch(batch: Batch, seen: Checkpoint, reason: str) -> str:
    """Go on under the next origin; returns its name. `seen` is the last checkpoint that others have of the history so
    far. The leaves that are there stay. The new `log.opened` says what was known before it, and why it begins.
    """
    origin = next_origin(batch.log.first, seen.origin)
    known: dict[str, int | str] = {"previous_size": seen.size, "previous_root": seen.root.hex()}
    write_opening(batch, origin, known | {"previous_origin": seen.origin, "reason": reason})
    return origin
