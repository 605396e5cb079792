"""The first leaf of a log, and of each later epoch: it names the log and commits to the tag key."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.sealing.growth import append
from recordings.sealing.head import Head
from recordings.sealing.own import write_own
from recordings.sealing.seal import event_of
from recordings.sealing.tags import KEY_BYTES, key_commitment
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import Frontier

_EPOCH = re.compile(r"(.+)/([2-9]|[1-9][0-9]+)\Z")


def open_log(connection: psycopg.Connection[Any], origin: str) -> bool:
    """Open the log when there is none: draw the tag key, write `log.opened` as leaf 0. False when there is one."""
    with connection.transaction():
        head = _fresh(origin)
        if not head.create(connection):
            return False
        _append_opening(connection, head, {})
    return True


def next_origin(origin: str) -> str:
    """The name of the next epoch: example.com/log, example.com/log/2, example.com/log/3 …"""
    found = _EPOCH.match(origin)
    return f"{found[1]}/{int(found[2]) + 1}" if found else f"{origin}/2"


def is_epoch_of(origin: str, first: str) -> bool:
    """Whether a log's name is `first` or that of a later epoch of it."""
    found = _EPOCH.match(origin)
    return origin == first or bool(found and found[1] == first)


def begin_epoch(connection: psycopg.Connection[Any], seen: Checkpoint, reason: str) -> str:
    """Go on under the next origin, in the transaction that is open; returns its name. `seen` is the last checkpoint
    that others have of the history so far.

    The leaves that are there stay. The new `log.opened` says what was known before it, and why it begins.
    """
    origin = next_origin(seen.origin)
    head = Head.read(connection, lock=True)
    if head is None:
        head = _fresh(origin)
        head.create(connection)
    head.origin = origin
    known: dict[str, int | str] = {"previous_size": seen.size, "previous_root": seen.root.hex()}
    _append_opening(connection, head, known | {"previous_origin": seen.origin, "reason": reason})
    return origin


def _fresh(origin: str) -> Head:
    return Head(origin, os.urandom(KEY_BYTES), Frontier(), -1, -1, datetime.now(UTC))


def _append_opening(connection: psycopg.Connection[Any], head: Head, more: Mapping[str, int | str]) -> None:
    detail = {"origin": head.origin, "tag_key_sha256": key_commitment(head.tag_key), **more}
    event = event_of(connection, write_own(connection, Kind.LOG_OPENED, detail))
    append(connection, head, [event])
    head.save(connection)
