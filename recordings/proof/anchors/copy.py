"""The copy of the log in a locked bucket, in the layout of C2SP tlog-tiles: its keys, and how it is read back.

Below `<origin>/`: `checkpoint/000/000/000/000/001/234` (the size in eighteen digits, the signed note) and
`tile/<level>/<position>[.p/<width>]`, `tile/entries/…`. A checkpoint is put after everything it needs.
"""

from collections.abc import Iterator, Sequence

from recordings.proof.anchors.destination import Trouble
from recordings.proof.anchors.locked_bucket import LockedBucket
from recordings.tlog import checkpoint as tlog
from recordings.tlog.notes import Note, NoteError, VerifierKey
from recordings.tlog.tiles import (
    ENTRIES,
    HEIGHT,
    WIDTH,
    TileError,
    parse_entry_bundle,
    tile_path,
    tile_width,
)

_GROUPS = 6
Piece = tuple[int, int, int]  # level, position, width


def pieces(old: int, size: int) -> Iterator[Piece]:
    """List tiles and entry bundles of a log of `size` leaves that one of `old` leaves does not have, entries first."""
    for level in (ENTRIES, *range(8)):
        shift = HEIGHT * max(level, 0)
        first, count = (old >> shift) // WIDTH, size >> shift
        for position in range(first, (count + WIDTH - 1) // WIDTH):
            width = tile_width(level, position, size)
            if width != tile_width(level, position, old):
                yield level, position, width


def piece_key(origin: str, piece: Piece) -> str:
    """Name the key of a tile or an entry bundle."""
    return f"{origin}/tile/{tile_path(*piece)}"


def checkpoint_key(origin: str, size: int) -> str:
    """Name the key of a checkpoint: three digits to a folder, so that the newest is found in six listings."""
    digits = f"{size:0{3 * _GROUPS}}"
    return f"{origin}/checkpoint/" + "/".join(digits[at : at + 3] for at in range(0, 3 * _GROUPS, 3))


def newest(bucket: LockedBucket, origin: str, keys: Sequence[VerifierKey] = ()) -> str | None:
    """Find the newest note in the bucket that one of the log's `keys` signed for `origin`; None when it holds none.

    Without keys the store is believed as it is. Trouble when it cannot be read, or holds notes that none of them
    signed.
    """
    unsigned = False
    for key in _newest_first(bucket, f"{origin}/checkpoint/"):
        if (note := _verified(bucket.first(key), origin, keys)) is not None:
            return note
        unsigned = True
    if unsigned:
        raise Trouble("None of the checkpoints in the bucket is signed by a log key of the policy.")
    return None


def entries(bucket: LockedBucket, note: str) -> Iterator[bytes]:
    """Read the entries that a checkpoint from the bucket stands for, in order, as they were first put.

    The caller compares their root with the checkpoint's. Trouble when one is missing or cannot be read.
    """
    checkpoint = tlog.parse(Note.parse(note).text)
    for position in range((checkpoint.size + WIDTH - 1) // WIDTH):
        width = tile_width(ENTRIES, position, checkpoint.size)
        key = piece_key(checkpoint.origin, (ENTRIES, position, width))
        try:
            bundle = parse_entry_bundle(bucket.first(key) or b"")
        except TileError:
            bundle = []
        if len(bundle) != width:
            raise Trouble("An entry bundle is missing in the bucket, or is not one.")
        yield from bundle


def _newest_first(bucket: LockedBucket, prefix: str) -> Iterator[str]:
    for name in reversed(bucket.names(prefix)):
        if name.endswith("/"):
            yield from _newest_first(bucket, prefix + name)
        else:
            yield prefix + name


def _verified(data: bytes | None, origin: str, keys: Sequence[VerifierKey]) -> str | None:
    """Parse a note of this log that one of the keys signed; None when it is not one."""
    try:
        note = Note.parse(data or b"")
        if tlog.parse(note.text).origin != origin:
            return None
        if keys:
            note.verify([key.named(origin) for key in keys])
    except NoteError:
        return None
    return str(note)
