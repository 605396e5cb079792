"""The log's tree in blocks of 256 leaves: block roots, the tiles they form, and the roots at the checkpoints' sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES
from recordings.tlog.tiles import WIDTH


@dataclass
class Blocks:
    """The tree over a segment of the log: the roots of full blocks, the remaining hashes, and partial roots.

    `partials` has, for each requested size that does not end a block, the root over its block up to that size.
    """

    roots: list[bytes] = field(default_factory=list)
    rest: bytes = b""
    partials: dict[int, bytes] = field(default_factory=dict)

    def add(self, hashes: Sequence[bytes], start: int, sizes: Sequence[int]) -> None:
        """Add one block: its leaf hashes, its first leaf, and the requested sizes that end within it."""
        levels = merkle.levels(hashes)
        for size in sizes:
            nodes = merkle.full_subtrees(0, size - start)
            self.partials[size] = merkle.fold([levels[height][index] for height, index in nodes])
        if len(hashes) == WIDTH:
            self.roots.append(levels[-1][0])
        else:
            self.rest = b"".join(hashes)

    def merge(self, later: "Blocks") -> None:
        """Append the next segment's blocks."""
        self.roots += later.roots
        self.rest = later.rest
        self.partials |= later.partials


class Roots:
    """Computes the roots at requested sizes, in ascending order, in one pass over the blocks."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._edge = merkle.Frontier()  # its leaves are roots of blocks

    def at(self, size: int) -> bytes:
        """Compute the root over the first `size` leaves."""
        full, rest = divmod(size, WIDTH)
        self._edge.extend(self._blocks.roots[self._edge.size : full])
        nodes = self._edge.nodes
        return merkle.fold((*nodes, self._blocks.partials[size]) if rest else nodes)


def full_tiles(roots: Sequence[bytes]) -> list[list[bytes]]:
    """Compute the full tiles of each level from 1 up, from the block roots. Empty levels are left out."""
    levels = []
    while len(roots) >= WIDTH:
        cuts = range(0, len(roots) - len(roots) % WIDTH, WIDTH)
        tiles = [roots[at : at + WIDTH] for at in cuts]
        levels.append([b"".join(tile) for tile in tiles])
        roots = [merkle.root(tile) for tile in tiles]
    return levels


def split(hashes: bytes) -> list[bytes]:
    """Split concatenated hashes."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
