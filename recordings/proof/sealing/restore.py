"""Restore leaves that the database has lost from a published copy. Their events may be lost for good.

The copy is accepted because the log's key signed its root, and because it begins with the leaves that the database
still has.
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
    """Read the checkpoint and the entries of a copy in the layout of tlog-tiles.

    Raises SealingError when there is no checkpoint, and while iterating when an entry bundle is missing.
    """
    try:
        note = (folder / "checkpoint").read_text("utf-8")
        size = int(note.split("\n")[1])
    except (OSError, ValueError, IndexError) as error:
        raise SealingError(f"There is no checkpoint in {folder}: {error}") from None
    return note, _entries(folder, size)


def _entries(folder: Path, size: int) -> Iterator[bytes]:
    for position in range(-(-size // WIDTH)):
        width = tile_width(ENTRIES, position, size)
        path = folder / "tile" / tile_path(ENTRIES, position, width)
        try:
            yield from parse_entry_bundle(path.read_bytes())[:width]
        except (OSError, TileError) as error:
            raise SealingError(f"The published entries are incomplete: {path.name}: {error}") from None


def restore(
    connection: psycopg.Connection[Any],
    origin: str,
    observers: Observers,
    note: str,
    entries: Iterable[bytes],
) -> tuple[int, Log]:
    """Add the missing leaves, close the incidents and write `backup.restored`, all in one transaction.

    Returns how many leaves were added, and the log afterwards. Raises SealingError, and changes nothing, when the copy
    is of another log, is not signed by a key of the log, does not hash to its checkpoint, or does not begin with the
    leaves of the database.
    """
    published = []
    for data in entries:
        try:
            published.append(parse_leaf(data))
        except ValueError as error:
            raise SealingError(f"The published entries cannot be read: {error}") from None
    log = load_uncompared(connection, origin, observers)
    if log is None:
        raise SealingError("This database has no log and no tag key. Begin a new epoch instead.")
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
        raise SealingError(f"The published checkpoint is not valid: {error}") from None
    hashes = [leaf.hash for leaf in published]
    if len(hashes) != checkpoint.size or merkle.root(hashes) != checkpoint.root:
        raise SealingError("The published entries do not hash to the published checkpoint.")
    if len(hashes) < log.size or merkle.root(hashes[: log.size]) != log.frontier.root():
        raise SealingError("The published copy does not begin with the leaves that this database has.")
    return checkpoint


def _add_published(connection: psycopg.Connection[Any], log: Log, leaves: Sequence[Leaf]) -> int:
    """Add leaves, linked to those of their events that still exist; returns how many events are missing."""
    events = events_of(connection, [leaf.event_id for leaf in leaves])
    batch = Batch(log, connection)
    for leaf in leaves:
        event = events.get(leaf.event_id)
        if event and json.loads(leaf.entry)["bh"] != event.body_hash.hex():
            raise SealingError(
                f"Event {leaf.event_id} in this database differs from the event that was sealed."
            )
        numbered = leaf._replace(event_no=event.id if event else None)
        if not batch.add_published(numbered, recorded_at_of(leaf.entry)):
            raise SealingError(f"Leaf {leaf.n} of the published copy does not follow the leaf before it.")
    batch.save(batch.grow_tree())
    batch.adopt()
    return len(leaves) - len(events)
