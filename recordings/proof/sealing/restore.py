"""Leaves that a database has lost, taken from where they were published; their events may be gone for good.

The entries are believed because their root is the one that the log's key signed, and because the leaves that the
database still has are the first of them.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg

from recordings.audit.kinds import Kind
from recordings.proof.sealing.batch import Batch, recorded_at_of
from recordings.proof.sealing.entries import Leaf, parse_leaf, stamp
from recordings.proof.sealing.errors import SealingError
from recordings.proof.sealing.events import events_of
from recordings.proof.sealing.incidents import settle_all
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.recount import recount
from recordings.proof.sealing.seal import lock
from recordings.proof.sealing.start import Parties, load_alone
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.notes import NoteError, VerifierKey
from recordings.tlog.signer import epoch_of
from recordings.tlog.tiles import ENTRIES, WIDTH, TileError, parse_entry_bundle, tile_path, tile_width

_CHUNK = 1000
_KEEP = (
    "INSERT INTO audit.checkpoint (size, root, origin, note) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)


def read_folder(folder: Path) -> tuple[str, Iterator[bytes]]:
    """The checkpoint and the entries of a copy of the log as tlog-tiles lays it out. SealingError when it has none."""
    try:
        note = (folder / "checkpoint").read_text("utf-8")
        size = int(note.split("\n")[1])
    except (OSError, ValueError, IndexError) as trouble:
        raise SealingError(f"There is no checkpoint in {folder}: {trouble}") from None
    return note, _entries(folder, size)


def _entries(folder: Path, size: int) -> Iterator[bytes]:
    for position in range(-(-size // WIDTH)):
        width = tile_width(ENTRIES, position, size)
        place = folder / "tile" / tile_path(ENTRIES, position, width)
        try:
            yield from parse_entry_bundle(place.read_bytes())[:width]
        except (OSError, TileError) as trouble:
            raise SealingError(f"The published entries are not whole: {place.name}: {trouble}") from None


def restore(
    connection: psycopg.Connection[Any],
    origin: str,
    parties: Parties,
    note: str,
    entries: Iterable[bytes],
) -> tuple[int, Log]:
    """Add the leaves that are missing, settle what stopped sealing, write `backup.restored`; how many came back, and
    the log as it is then.

    One transaction for the leaves and what is said about them. Raises SealingError, and changes nothing, when the copy
    is not of this log, is not signed by one of the log's keys, does not hash to its checkpoint or does not begin with
    what the database has.
    """
    published = [_parsed(data) for data in entries]
    log = load_alone(connection, origin, parties)
    if log is None:
        raise SealingError("This database has no log, and so not its tag key: begin a new epoch instead.")
    checkpoint = _checked(log, origin, note, published, parties.keys)
    with connection.transaction():
        now, _ = lock(connection, log, parties.signed)
        lost = published[log.size :]
        missing = sum(_add(connection, log, chunk) for chunk in _chunks(lost))
        connection.execute(_KEEP, [checkpoint.size, checkpoint.root, checkpoint.origin, note])
        log = recount(connection, origin, checkpoint).log
        batch = Batch(log, connection, stamp(now))
        settle_all(connection, batch, f"{len(lost)} leaves were restored from a published copy.")
        said = {"leaves": len(lost), "events_lost": missing, "size": checkpoint.size}
        batch.own(Kind.BACKUP_RESTORED, said)
        batch.save()
    batch.adopt()
    return len(lost), log


def _parsed(data: bytes) -> Leaf:
    try:
        return parse_leaf(data)
    except ValueError as wrong:
        raise SealingError(f"The published entries cannot be read: {wrong}") from None


def _checked(
    log: Log, origin: str, note: str, published: Sequence[Leaf], keys: Sequence[VerifierKey]
) -> Checkpoint:
    named = note.partition("\n")[0]
    if epoch_of(origin, named) is None:
        raise SealingError(f"The published copy is of {named}, not of {origin}.")
    try:
        checkpoint, _ = parse_note(note, [key.named(named) for key in keys])
    except NoteError as wrong:
        raise SealingError(f"The published checkpoint is not to be believed: {wrong}") from None
    hashes = [leaf.hash for leaf in published]
    if len(hashes) != checkpoint.size or merkle.root(hashes) != checkpoint.root:
        raise SealingError("The published entries do not hash to the published checkpoint.")
    if len(hashes) < log.size or merkle.root(hashes[: log.size]) != log.frontier.root():
        raise SealingError("The published copy does not begin with the leaves that this database has.")
    return checkpoint


def _chunks(leaves: Sequence[Leaf]) -> Iterator[list[Leaf]]:
    rest = iter(leaves)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _add(connection: psycopg.Connection[Any], log: Log, leaves: Sequence[Leaf]) -> int:
    """Add leaves with the events that are still here; how many events are not."""
    events = events_of(connection, [leaf.event_id for leaf in leaves])
    batch = Batch(log, connection)
    for leaf in leaves:
        event = events.get(leaf.event_id)
        if event and json.loads(leaf.entry)["bh"] != event.body_hash.hex():
            raise SealingError(f"Event {leaf.event_id} of this database is not the one that was sealed.")
        if not batch.put_back(
            leaf._replace(event_no=event.id if event else None), recorded_at_of(leaf.entry)
        ):
            raise SealingError(f"Leaf {leaf.n} of the published copy does not follow the leaf before it.")
    batch.save()
    batch.adopt()
    return len(leaves) - len(events)
