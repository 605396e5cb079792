"""The log's tree in the database, read through a cursor of Django or of psycopg.

Full tiles are in audit.tile, leaf hashes in audit.leaf. A partial tile is computed from the level below: its hashes at
level l are the roots of full tiles at level l − 1.
"""

from functools import lru_cache
from typing import Any

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES
from recordings.tlog.tiles import ENTRIES, WIDTH, TileError, Tiles, entry_bundle

_STORED = (
    "SELECT hashes FROM audit.tile WHERE level = %s AND position >= %s AND position < %s ORDER BY position"
)
_HASHES = "SELECT hash FROM audit.leaf WHERE n >= %s AND n < %s ORDER BY n"
_ENTRIES = "SELECT entry FROM audit.leaf WHERE n >= %s AND n < %s ORDER BY n"


class Tree:
    """Reads tiles and entry bundles (C2SP tlog-tiles), within the caller's transaction and its snapshot."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def at(self, size: int) -> Tiles:
        """Return the tree of the first `size` leaves. Its methods raise TileError when a part is missing."""
        return Tiles(self.tile, size)

    def tile(self, level: int, position: int, width: int = WIDTH) -> bytes:
        """Read the bytes of a tile, or of an entry bundle (level ENTRIES). Raises TileError when a part is missing."""
        start = position * WIDTH
        if level == ENTRIES:
            return entry_bundle(self._rows(_ENTRIES, width, start))
        if width == WIDTH:
            return self._rows(_STORED, 1, level, position)[0]
        return b"".join(self._hashes(level, start, start + width))

    def _hashes(self, level: int, start: int, end: int) -> list[bytes]:
        """Compute the nodes start … end − 1 of a level from the level below."""
        if level == 0:
            return self._rows(_HASHES, end - start, start)
        return [_root(tile) for tile in self._rows(_STORED, end - start, level - 1, start)]

    def _rows(self, statement: str, count: int, *where: int) -> list[bytes]:
        *level, start = where
        self._cursor.execute(statement, [*level, start, start + count])
        rows = [bytes(row[0]) for row in self._cursor.fetchall()]
        if len(rows) != count:
            raise TileError(f"Of {count} parts of the log from {start} on, only {len(rows)} exist.")
        return rows


@lru_cache(2048)
def _root(hashes: bytes) -> bytes:
    """Compute the root of a full tile. Cached, because the same tiles are read repeatedly while the log grows."""
    return merkle.root([hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)])
