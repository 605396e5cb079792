"""Restore leaves that a database has lost from where they were published; their events may be gone for good.

The entries are accepted because their root is the one that the log's key signed, and because the leaves that the
database still has are the first of them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch, recorded_at_of
from recordings.proof.sealing.entries import Leaf, parse_leaf, stamp
from recordings.proof.sealing.errors import SealingError
from recordings.proof.sealing.events import events_of
from recordings.proof.sealing.incidents import close_open_incidents
from recordings.proof.sealing.locking import catch_up, lock
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.recount import recount
from recordings.proof.sealing.start import Observers, load_uncompared
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.notes import NoteError, VerifierKey
from recordings.tlog.signer import epoch_of
from recordings.tlog.tiles import ENTRIES, WIDTH, TileError, parse_entry_bundle, tile_path, tile_width

_CHUNK = 1000
_INSERT_CHECKPOINT = (
    "INSERT INTO audit.checkpoint (size, root, origin, note) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


def read_folder(folder: Path) -> tuple[str, Iterator[bytes]]:
    """Read checkpoint and entries of a copy of the log in the layout of tlog-tiles. SealingError without one."""
    try:
        note = (folder / "checkpoint").read_text("utf-8")
        size = int(note.split("\n")[1])
    except (OSError, ValueError, IndexError) as trouble:
        raise SealingError(f"There is no checkpoint in {folder}: {trouble}") from None
    return note, _entries(folder, size)


def _entries(folder: Path, size: int) -> Iterator[bytes]:
    for position in range(-(-size // WIDTH)):
        width = tile_width(ENTRIES, position, size)
        path = folder / "tile" / tile_path(ENTRIES, position, width)
        try:
            yield from parse_entry_bundle(path.read_bytes())[:width]
        except (OSError, TileError) as trouble:
            raise SealingError(f"The published entries are not whole: {path.name}: {trouble}") from None


def restore(
    connection: psycopg.Connection[Any],
    origin: str,
    observers: Observers,
    note: str,
    entries: Iterable[bytes],
) -> tuple[int, Log]:
    """Add the leaves that are missing, close what stopped sealing, write `backup.restored`; returns how many
    leaves were added, and the log as it is then.

    All in one transaction. Raises SealingError, and changes nothing, when the copy
    is not of this log, is not signed by one of the log's keys, does not hash to its checkpoint or does not begin with
    what the database has.
    """
    published = []
    for data in entries:
        try:
            published.append(parse_leaf(data))
        except ValueError as error:
            raise SealingError(f"The published entries cannot be read: {error}") from None
    log = load_uncompared(connection, origin, observers)
    if log is None:
        raise SealingError("This database has no log, and so not its tag key: begin a new epoch instead.")
    checkpoint = _verify_copy(log, origin, note, published, observers.keys)
    with connection.transaction():
        now = lock(connection, log)
        catch_up(connection, log, observers.last_signed)
        lost = published[log.size :]
        events_lost = 0
        for start in range(0, len(lost), _CHUNK):
            events_lost += _add_published(connection, log, lost[start : start + _CHUNK])
        connection.execute(_INSERT_CHECKPOINT, [checkpoint.size, checkpoint.root, checkpoint.origin, note])
        log = recount(connection, origin, checkpoint).log
        batch = Batch(log, connection, stamp(now))
        close_open_incidents(connection, batch, f"{len(lost)} leaves were restored from a published copy.")
        detail = {"leaves": len(lost), "events_lost": events_lost, "size": checkpoint.size}
        batch.add_log_event(Kind.BACKUP_RESTORED, detail)
        batch.save(batch.grow_tree())
    batch.adopt()
    return len(lost), log


def _verify_copy(
    log: Log, origin: str, note: str, published: Sequence[Leaf], keys: Sequence[VerifierKey]
) -> Checkpoint:
    copied_origin = note.partition("\n")[0]
    if epoch_of(origin, copied_origin) is None:
        raise SealingError(f"The published copy is of {copied_origin}, not of {origin}.")
    try:
        checkpoint, _ = parse_note(note, [key.named(copied_origin) for key in keys])
    except NoteError as error:
        raise SealingError(f"The published checkpoint is not to be believed: {error}") from None
    hashes = [leaf.hash for leaf in published]
    if len(hashes) != checkpoint.size or merkle.root(hashes) != checkpoint.root:
        raise SealingError("The published entries do not hash to the published checkpoint.")
    if len(hashes) < log.size or merkle.root(hashes[: log.size]) != log.frontier.root():
        raise SealingError("The published copy does not begin with the leaves that this database has.")
    return checkpoint


def _add_published(connection: psycopg.Connection[Any], log: Log, leaves: Sequence[Leaf]) -> int:
    """Add leaves with the events that are still here; returns how many events are not."""
    events = events_of(connection, [leaf.event_id for leaf in leaves])
    batch = Batch(log, connection)
    for leaf in leaves:
        event = events.get(leaf.event_id)
        if event and json.loads(leaf.entry)["bh"] != event.body_hash.hex():
            raise SealingError(f"Event {leaf.event_id} of this database is not the one that was sealed.")
        numbered = leaf._replace(event_no=event.id if event else None)
        if not batch.add_published(numbered, recorded_at_of(leaf.entry)):
            raise SealingError(f"Leaf {leaf.n} of the published copy does not follow the leaf before it.")
    batch.save(batch.grow_tree())
    batch.adopt()
    return len(leaves) - len(events)
