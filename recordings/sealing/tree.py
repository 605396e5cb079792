"""The log's tree out of the database: one reader for whoever holds a connection, Django's or psycopg's own.

Full tiles lie in audit.tile, leaf hashes in audit.leaf. A partial tile is made from what is below it: the hashes of a
tile at level l are the roots of full tiles at level l − 1.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES
from recordings.tlog.tiles import ENTRIES, WIDTH, TileError, Tiles, entry_bundle

# A query and its parameters → all its rows.
Rows = Callable[[str, Sequence[Any]], Sequence[Sequence[Any]]]


def tiles(rows: Rows, size: int) -> Tiles:
    """The tree of the first `size` leaves, read tile by tile as it is asked for hashes and proofs."""
    return Tiles(lambda level, position, width: tile(rows, level, position, width), size)


def tile(rows: Rows, level: int, position: int, width: int = WIDTH) -> bytes:
    """The bytes of a tile, or of an entry bundle (level ENTRIES). TileError when the log does not reach so far."""
    if level == ENTRIES:
        return entry_bundle(_leaves(rows, "entry", position, width))
    if width == WIDTH and (stored := _stored(rows, level, position, 1)):
        return stored[0]
    if level == 0:
        return b"".join(_leaves(rows, "hash", position, width))
    below = _stored(rows, level - 1, position * WIDTH, width)
    if len(below) < width:
        raise TileError(f"The log has no full tile {position * WIDTH + len(below)} at level {level - 1}.")
    return b"".join(map(_root, below))


def _leaves(rows: Rows, column: str, position: int, width: int) -> list[bytes]:
    start = position * WIDTH
    found = rows(
        f"SELECT {column} FROM audit.leaf WHERE n >= %s AND n < %s ORDER BY n",  # noqa: S608  (our own words)
        [start, start + width],
    )
    if len(found) < width:
        raise TileError(f"The log has no leaves {start + len(found)} to {start + width - 1}.")
    return [bytes(row[0]) for row in found]


def _stored(rows: Rows, level: int, position: int, count: int) -> list[bytes]:
    found = rows(
        "SELECT hashes FROM audit.tile WHERE level = %s AND position >= %s AND position < %s ORDER BY position",
        [level, position, position + count],
    )
    return [bytes(row[0]) for row in found]


@lru_cache(2048)
def _root(hashes: bytes) -> bytes:
    """The root over a full tile. The same tiles are asked for again and again while a log grows to their right."""
    return merkle.root([hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)])
