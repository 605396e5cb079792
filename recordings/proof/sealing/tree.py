"""The log's tree in the database: one reader for whoever holds a cursor, Django's or psycopg's own.

Full tiles lie in audit.tile, leaf hashes in audit.leaf. A partial tile is made from what is below it: the hashes of a
tile at level l are the roots of full tiles at level l − 1.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES
from recordings.tlog.tiles import ENTRIES, HEIGHT, WIDTH, TileError, Tiles, entry_bundle, tile_width

_STORED = (
    "SELECT hashes FROM audit.tile WHERE level = %s AND position >= %s AND position < %s ORDER BY position"
)
_HASHES = "SELECT hash FROM audit.leaf WHERE n >= %s AND n < %s ORDER BY n"
_ENTRIES = "SELECT entry FROM audit.leaf WHERE n >= %s AND n < %s ORDER BY n"


class Tree:
    """Tiles and entry bundles as C2SP tlog-tiles has them. Whoever reads within a snapshot stays within it."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def at(self, size: int) -> Tiles:
        """The tree of the first `size` leaves; TileError, from there, once a part is asked for that is missing."""
        return Tiles(self.tile, size)

    def tile(self, level: int, position: int, width: int = WIDTH) -> bytes:
        """The bytes of a tile, or of an entry bundle (level ENTRIES). TileError when a part of it is missing."""
        start = position * WIDTH
        if level == ENTRIES:
            return entry_bundle(self._rows(_ENTRIES, width, start))
        if width == WIDTH:
            return self._rows(_STORED, 1, level, position)[0]
        return b"".join(self._hashes(level, start, start + width))

    def full_tiles(self, size: int, hashes: Sequence[bytes]) -> list[tuple[int, int, bytes]]:
        """Level, position and bytes of the tiles that become full when `hashes` follow the first `size` leaves."""
        full, level, new = [], 0, list(hashes)
        while new:
            start = (size >> (HEIGHT * level)) // WIDTH
            before = tile_width(level, start, size)
            if before + len(new) < WIDTH:
                break
            kept = self._hashes(level, start * WIDTH, start * WIDTH + before) + new
            done = [b"".join(kept[at : at + WIDTH]) for at in range(0, len(kept) - WIDTH + 1, WIDTH)]
            full += [(level, start + at, tile) for at, tile in enumerate(done)]
            level, new = level + 1, [_root(tile) for tile in done]
        return full

    def _hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Nodes start … end − 1 of a level, from below."""
        if level == 0:
            return self._rows(_HASHES, end - start, start)
        return [_root(tile) for tile in self._rows(_STORED, end - start, level - 1, start)]

    def _rows(self, statement: str, count: int, *place: int) -> list[bytes]:
        *level, start = place
        self._cursor.execute(statement, [*level, start, start + count])
        found = [bytes(row[0]) for row in self._cursor.fetchall()]
        if len(found) != count:
            raise TileError(f"Of {count} parts of the log from {start} on, {len(found)} are there.")
        return found


@lru_cache(2048)
def _root(hashes: bytes) -> bytes:
    """The root over a full tile. The same tiles are asked for again and again while a log grows to their right."""
    return merkle.root([hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)])
