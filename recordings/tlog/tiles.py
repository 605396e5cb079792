"""C2SP tlog-tiles: paths and bytes of tiles and entry bundles, and proofs computed from tiles."""

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES

WIDTH = 256
HEIGHT = 8  # a full tile has 2^8 hashes
ENTRIES = -1  # the level of entry bundles: tile/entries/…
LONGEST_ENTRY = 65_535
_PATH = re.compile(r"(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")
_CACHED_TILES = 256

# Takes level, position and width; returns the bytes of the tile, width · 32 of them.
Read = Callable[[int, int, int], bytes]


class TileError(ValueError):
    """A path, tile or entry bundle does not follow the specification."""


def tile_path(level: int, position: int, width: int = WIDTH) -> str:
    """Format the path after `<prefix>/tile/`, such as `0/x001/234.p/8`; level ENTRIES gives `entries/…`."""
    if not (ENTRIES <= level <= 63 and position >= 0 and 1 <= width <= WIDTH):
        raise TileError(f"There is no tile at level {level}, position {position}, width {width}.")
    groups = [f"{position % 1000:03}"]
    while position := position // 1000:
        groups.insert(0, f"x{position % 1000:03}")
    name = "entries" if level == ENTRIES else str(level)
    return "/".join((name, *groups)) + (f".p/{width}" if width < WIDTH else "")


def parse_tile_path(path: str) -> tuple[int, int, int]:
    """Parse level, position and width from a path. Raises TileError unless `tile_path` gives exactly this path."""
    match = _PATH.fullmatch(path)
    if not match or len(path) > 100:
        raise TileError("This is not the path of a tile.")
    level = ENTRIES if match[1] == "entries" else int(match[1])
    parsed = level, int(re.sub("[x/]", "", match[2])), int(match[3] or WIDTH)
    if parsed[2] > WIDTH or level > 63 or tile_path(*parsed) != path:
        raise TileError("This is not the path of a tile.")
    return parsed


def tile_width(level: int, position: int, size: int) -> int:
    """Return the number of hashes (or entries) of the tile at this position, in a tree of `size`; 0 without a tile."""
    hashes = (size >> (HEIGHT * max(level, 0))) - position * WIDTH
    return max(0, min(WIDTH, hashes))


def entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Join entries, each after its length in two bytes. Raises TileError for an entry that is too long."""
    listed = list(entries)
    if any(len(entry) > LONGEST_ENTRY for entry in listed):
        raise TileError(f"An entry has at most {LONGEST_ENTRY} bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in listed)


def parse_entry_bundle(data: bytes) -> list[bytes]:
    """Split a bundle into its entries. Raises TileError when it ends within one."""
    entries, at = [], 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start], "big")
        if at > len(data):
            raise TileError("The entry bundle ends within an entry.")
        entries.append(data[start:at])
    return entries


class Tiles:
    """A tree of `size` leaves, read tile by tile. Requests only tiles that exist at this size."""

    def __init__(self, read: Read, size: int) -> None:
        self.size = size
        self._read = read
        self._levels = lru_cache(_CACHED_TILES)(self._load)

    def hashes(self, start: int, end: int) -> list[bytes]:
        """Return the leaf hashes start … end − 1."""
        self._check(0 <= start <= end <= self.size, f"There are no leaves {start} to {end}.")
        return [self._node(0, index) for index in range(start, end)]

    def root(self) -> bytes:
        """Compute the root."""
        return self._subtree(0, self.size)

    def inclusion_path(self, index: int) -> list[bytes]:
        """Compute the path of `merkle.inclusion_path`."""
        self._check(0 <= index < self.size, f"There is no leaf {index} in a tree of size {self.size}.")
        return [self._clipped_node(*node) for node in merkle.inclusion_nodes(index, self.size)]

    def consistency_path(self, old: int) -> list[bytes]:
        """Compute the path of `merkle.consistency_path`."""
        return [self._clipped_node(*node) for node in merkle.consistency_nodes(old, self.size)]

    def between(self, start: int, end: int) -> list[bytes]:
        """Return the roots of the largest full subtrees that cover the leaves start … end − 1, from left to right.

        Each begins at a multiple of its own size, and none reaches beyond `end`.
        """
        self._check(0 <= start <= end <= self.size, f"There are no leaves {start} to {end}.")
        nodes = []
        while start < end:
            height = (end - start).bit_length() - 1
            if start:
                height = min(height, (start & -start).bit_length() - 1)
            nodes.append(self._node(height, start >> height))
            start += 1 << height
        return nodes

    def _clipped_node(self, height: int, index: int) -> bytes:
        """Return a node of the tree; at the right end, the root of the part that exists."""
        start, end = index << height, (index + 1) << height
        return self._node(height, index) if end <= self.size else self._subtree(start, self.size)

    def _subtree(self, start: int, end: int) -> bytes:
        return merkle.fold([self._node(*node) for node in merkle.full_subtrees(start, end)])

    def _node(self, height: int, index: int) -> bytes:
        level, within = divmod(height, HEIGHT)
        position, offset = divmod(index, WIDTH >> within)
        return self._levels(level, position)[within][offset]

    def _load(self, level: int, position: int) -> list[merkle.Level]:
        width = tile_width(level, position, self.size)
        data = self._read(level, position, width)
        if len(data) != width * HASH_BYTES:
            raise TileError(f"The tile {tile_path(level, position, width)} has {len(data)} bytes.")
        return merkle.levels([data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)])

    def _check(self, holds: bool, sentence: str) -> None:
        if not holds:
            raise merkle.ProofError(sentence)
