"""The copy of the log in a locked bucket, in the layout of C2SP tlog-tiles: its keys, and how it is read.

Below `<origin>/`: `checkpoint/000/000/000/000/001/234` (the size in eighteen digits; the signed note) and
`tile/<level>/<position>[.p/<width>]`, `tile/entries/…`. A checkpoint is put after everything it needs.
"""

from collections.abc import Iterator, Sequence

from recordings.proof.anchors.destination import DestinationError
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
    """List the tiles and entry bundles of a log of `size` leaves that one of `old` leaves lacks, entries first."""
    for level in (ENTRIES, *range(8)):
        shift = HEIGHT * max(level, 0)
        first, count = (old >> shift) // WIDTH, size >> shift
        for position in range(first, (count + WIDTH - 1) // WIDTH):
            width = tile_width(level, position, size)
            if width != tile_width(level, position, old):
                yield level, position, width


def piece_key(origin: str, piece: Piece) -> str:
    """Return the key of a tile or an entry bundle."""
    return f"{origin}/tile/{tile_path(*piece)}"


def checkpoint_key(origin: str, size: int) -> str:
    """Return the key of a checkpoint. Each folder has three digits, so that six listings find the newest."""
    digits = f"{size:0{3 * _GROUPS}}"
    return f"{origin}/checkpoint/" + "/".join(digits[at : at + 3] for at in range(0, 3 * _GROUPS, 3))


def newest(bucket: LockedBucket, origin: str, keys: Sequence[VerifierKey] = ()) -> str | None:
    """Return the newest note for `origin` in the bucket that one of the log's `keys` signed; None when there is none.

    Without keys, signatures are not verified. Raises DestinationError when the bucket cannot be read, or when it holds
    notes but none is signed by these keys.
    """
    unsigned = False
    for key in _newest_first(bucket, f"{origin}/checkpoint/"):
        if (note := _verified(bucket.first(key), origin, keys)) is not None:
            return note
        unsigned = True
    if unsigned:
        raise DestinationError("No checkpoint in the bucket is signed by a log key of the policy.")
    return None


def entries(bucket: LockedBucket, note: str) -> Iterator[bytes]:
    """Read the entries under a checkpoint from the bucket, in order, each in its first version.

    The caller must compare their root with the checkpoint's. Raises DestinationError when an entry bundle is missing or
    malformed.
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
            raise DestinationError("An entry bundle in the bucket is missing or malformed.")
        yield from bundle


def _newest_first(bucket: LockedBucket, prefix: str) -> Iterator[str]:
    for name in reversed(bucket.names(prefix)):
        if name.endswith("/"):
            yield from _newest_first(bucket, prefix + name)
        else:
            yield prefix + name


def _verified(data: bytes | None, origin: str, keys: Sequence[VerifierKey]) -> str | None:
    """Parse a note of this log that one of the keys signed; None for anything else."""
    try:
        note = Note.parse(data or b"")
        if tlog.parse(note.text).origin != origin:
            return None
        if keys:
            note.verify([key.named(origin) for key in keys])
    except NoteError:
        return None
    return str(note)
