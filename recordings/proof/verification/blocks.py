"""The log's tree, 256 leaves at a time: block roots, the tiles they must be, the roots at each checkpoint's size."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from recordings.tlog import merkle
from recordings.tlog.texts import HASH_BYTES
from recordings.tlog.tiles import WIDTH


@dataclass
class Blocks:
    """What a segment of the log leaves of its tree: a root per full block, the rest, and the roots within blocks.

    `partials` has, for each size asked for that is not at a block's end, the root over the block up to there.
    """

    roots: list[bytes] = field(default_factory=list)
    rest: bytes = b""
    partials: dict[int, bytes] = field(default_factory=dict)

    def add(self, hashes: Sequence[bytes], start: int, sizes: Sequence[int]) -> None:
        """One block: its leaf hashes, where it starts, and the checkpoints' sizes that end within it."""
        levels = merkle.levels(hashes)
        for size in sizes:
            nodes = merkle.full_subtrees(0, size - start)
            self.partials[size] = merkle.fold([levels[height][index] for height, index in nodes])
        if len(hashes) == WIDTH:
            self.roots.append(levels[-1][0])
        else:
            self.rest = b"".join(hashes)

    def merge(self, later: "Blocks") -> None:
        """Take over what the next segment has."""
        self.roots += later.roots
        self.rest = later.rest
        self.partials |= later.partials


class Roots:
    """The root of any size that was asked for, sizes in ascending order: one pass over the blocks."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._edge = merkle.Frontier()  # its leaves are roots of blocks

    def at(self, size: int) -> bytes:
        """The root over the first `size` leaves."""
        full, rest = divmod(size, WIDTH)
        self._edge.extend(self._blocks.roots[self._edge.size : full])
        nodes = self._edge.nodes
        return merkle.fold((*nodes, self._blocks.partials[size]) if rest else nodes)


def full_tiles(roots: Sequence[bytes]) -> list[list[bytes]]:
    """The full tiles of each level from 1 up, made of the block roots below them; empty levels left out."""
    levels = []
    while len(roots) >= WIDTH:
        cuts = range(0, len(roots) - len(roots) % WIDTH, WIDTH)
        tiles = [roots[at : at + WIDTH] for at in cuts]
        levels.append([b"".join(tile) for tile in tiles])
        roots = [merkle.root(tile) for tile in tiles]
    return levels


def split(hashes: bytes) -> list[bytes]:
    """Hashes one by one."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
