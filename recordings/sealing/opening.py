"""The first leaf of a log, and of each later epoch: it names the log and commits to the tag key."""

import os
import re
from datetime import UTC, datetime
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.sealing.growth import append
from recordings.sealing.head import Head
from recordings.sealing.own import write_own
from recordings.sealing.seal import event_of
from recordings.sealing.tags import KEY_BYTES, key_commitment
from recordings.tlog.merkle import Frontier

_EPOCH = re.compile(r"(.+)/([2-9]|[1-9][0-9]+)\Z")


def open_log(connection: psycopg.Connection[Any], origin: str) -> bool:
    """Open the log when there is none: draw the tag key, write `log.opened` as leaf 0. False when there is one."""
    with connection.transaction():
        head = Head(origin, os.urandom(KEY_BYTES), Frontier(), -1, -1, datetime.now(UTC))
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


def begin_epoch(
    connection: psycopg.Connection[Any], head: Head, *, size: int, root: bytes, reason: str
) -> None:
    """Go on under the next origin, in the transaction that is open: `size` and `root` are the last that others know.

    The leaves that are there stay; the new `log.opened` says what the history before it was.
    """
    previous = head.origin
    head.origin = next_origin(previous)
    said: dict[str, int | str] = {
        "previous_origin": previous,
        "previous_size": size,
        "previous_root": root.hex(),
        "reason": reason,
    }
    _append_opening(connection, head, said)


def _append_opening(connection: psycopg.Connection[Any], head: Head, more: dict[str, int | str]) -> None:
    detail = {"origin": head.origin, "tag_key_sha256": key_commitment(head.tag_key), **more}
    event = event_of(connection, write_own(connection, Kind.LOG_OPENED, detail))
    append(connection, head, [event])
    head.save(connection)
