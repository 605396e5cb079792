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
from recordings.sealing.entries import Leaf, parse_leaf
from recordings.sealing.errors import SealingError
from recordings.sealing.growth import Chains, store
from recordings.sealing.head import Head
from recordings.sealing.incidents import settle_all
from recordings.sealing.opening import is_epoch_of
from recordings.sealing.own import write_own
from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint, parse_note
from recordings.tlog.notes import NoteError, VerifierKey
from recordings.tlog.tiles import ENTRIES, WIDTH, TileError, parse_entry_bundle, tile_path, tile_width

_CHUNK = 1000
_MANIFEST = f'"y":"{Kind.HEADS_MANIFEST.value}"}}'.encode()
_EVENTS = "SELECT event_id::text, id, body_hash FROM audit.event WHERE event_id = ANY(%s::uuid[])"
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
    note: str,
    entries: Iterable[bytes],
    keys: Sequence[VerifierKey],
) -> int:
    """Add the leaves that are missing, settle what stopped sealing, write `backup.restored`; how many came back.

    One transaction. Raises SealingError, and changes nothing, when the copy is not of this log, is not signed by one
    of `keys`, does not hash to its checkpoint or does not begin with what the database has.
    """
    published = [_parsed(data) for data in entries]
    with connection.transaction():
        head = Head.read(connection, lock=True)
        if head is None:
            raise SealingError("This database has no log, and so not its tag key: begin a new epoch instead.")
        checkpoint = _checked(head, origin, note, published, keys)
        lost = published[head.size :]
        missing = sum(_add(connection, head, chunk) for chunk in _chunks(lost))
        head.origin = checkpoint.origin
        head.save(connection)
        connection.execute(_KEEP, [checkpoint.size, checkpoint.root, checkpoint.origin, note])
        said = {"leaves": len(lost), "events_lost": missing, "size": checkpoint.size}
        settle_all(connection, f"{len(lost)} leaves were restored from a published copy.")
        write_own(connection, Kind.BACKUP_RESTORED, said)
    return len(lost)


def _parsed(data: bytes) -> Leaf:
    try:
        return parse_leaf(data)
    except ValueError as wrong:
        raise SealingError(f"The published entries cannot be read: {wrong}") from None


def _checked(
    head: Head, origin: str, note: str, published: Sequence[Leaf], keys: Sequence[VerifierKey]
) -> Checkpoint:
    named = note.partition("\n")[0]
    if not is_epoch_of(named, origin):
        raise SealingError(f"The published copy is of {named}, not of {origin}.")
    try:
        checkpoint, _ = parse_note(note, [key.named(named) for key in keys])
    except NoteError as wrong:
        raise SealingError(f"The published checkpoint is not to be believed: {wrong}") from None
    hashes = [leaf.hash for leaf in published]
    if len(hashes) != checkpoint.size or merkle.root(hashes) != checkpoint.root:
        raise SealingError("The published entries do not hash to the published checkpoint.")
    if len(hashes) < head.size or merkle.root(hashes[: head.size]) != head.frontier.root():
        raise SealingError("The published copy does not begin with the leaves that this database has.")
    return checkpoint


def _chunks(leaves: Sequence[Leaf]) -> Iterator[list[Leaf]]:
    rest = iter(leaves)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


def _add(connection: psycopg.Connection[Any], head: Head, leaves: Sequence[Leaf]) -> int:
    """Add leaves with the events that are still here; how many events are not."""
    rows = connection.execute(_EVENTS, [[leaf.event_id for leaf in leaves]], binary=True).fetchall()
    events = {event_id: (number, body_hash) for event_id, number, body_hash in rows}
    acts, objs = {leaf.act.tag: "" for leaf in leaves}, {leaf.obj.tag: "" for leaf in leaves if leaf.obj}
    chains = Chains(connection, acts, objs)
    for n, leaf in enumerate(leaves, head.size):
        _check_place(n, leaf, chains)
        _check_body(leaf, events.get(leaf.event_id, (0, b""))[1])
    chains.save(connection)
    for leaf in leaves:
        if leaf.entry.endswith(_MANIFEST):
            head.manifest_n = leaf.n
    store(
        connection,
        head,
        [leaf._replace(event_no=events.get(leaf.event_id, (None,))[0]) for leaf in leaves],
    )
    return len(leaves) - len(events)


def _check_place(n: int, leaf: Leaf, chains: Chains) -> None:
    act = chains.move("act", leaf.act.tag, n)
    obj = chains.move("obj", leaf.obj.tag, n) if leaf.obj else None
    if (n, act, obj) != (leaf.n, leaf.act, leaf.obj):
        raise SealingError(f"Leaf {leaf.n} of the published copy does not follow the leaf before it.")


def _check_body(leaf: Leaf, body_hash: bytes) -> None:
    if body_hash and json.loads(leaf.entry)["bh"] != body_hash.hex():
        raise SealingError(f"Event {leaf.event_id} of this database is not the one that was sealed.")
