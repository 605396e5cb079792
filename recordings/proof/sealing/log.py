"""The log in the memory of the process that seals it: counted from the leaves (recount.py), grown with each batch.

No table that a database login can write is believed. A batch is prepared beside this state and taken over when its
transaction has committed (batch.py); after a commit whose outcome is unknown the leaves say what became of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from recordings.proof.sealing.stable_prefix import BEGINNING
from recordings.proof.sealing.tags import KINDS, TagKind
from recordings.tlog import merkle
from recordings.tlog.merkle import Frontier
from recordings.tlog.tiles import WIDTH

# By tag: how many leaves it has, and which is the last.
HeadMap = dict[bytes, tuple[int, int]]
Tile = tuple[int, int, bytes]  # level, position, hashes


@dataclass
class Log:
    """The log's end. Times are texts as entries have them: they compare as they follow."""

    first: str  # AUDIT_ORIGIN, the name of the first epoch
    origin: str
    tag_key: bytes = field(repr=False)
    frontier: Frontier = field(default_factory=Frontier)
    edge: "Edge" = field(default_factory=lambda: Edge())
    heads: dict[TagKind, HeadMap] = field(default_factory=lambda: {kind: {} for kind in KINDS}, repr=False)
    newest: str = BEGINNING  # the largest time of all leaves
    late_n: int = 0  # how many leaves are marked late
    closed_until: str = BEGINNING  # what the newest manifest says
    manifest_n: int = -1
    manifest_at: str = BEGINNING  # when the newest manifest, or else the opening, was recorded
    parents_from: int | None = None  # the first leaf of version 2; None before there is one
    # What this process knows beside the leaves.
    low: int = -1  # every event up to this number has its leaf or will never be there
    sealed_until: str = BEGINNING  # every event recorded before this time has its leaf
    manifest_owed: bool = False  # somebody waits for a manifest
    signed: int = 0  # the size of which a checkpoint is published
    fresh: list[bytes] = field(default_factory=list, repr=False)  # hashes of the leaves since then
    signed_frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        return self.frontier.size

    @property
    def ends_with_manifest(self) -> bool:
        """Whether the newest leaf is a manifest: then a checkpoint of exactly this size is owed."""
        return self.manifest_n == self.size - 1

    def mark_signed(self) -> None:
        """Remember that a checkpoint of this size is published."""
        self.signed, self.fresh = self.size, []
        self.signed_frontier = Frontier(self.size, self.frontier.nodes)


class Edge:
    """The tiles at the tree's right end that are not full yet, level by level."""

    def __init__(self, levels: Sequence[Sequence[bytes]] = ((),), size: int = 0) -> None:
        self.levels = [list(level) for level in levels]
        self.size = size

    def copy(self) -> "Edge":
        return Edge(self.levels, self.size)

    def extend(self, hashes: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; returns level, position and bytes of the tiles that are full now."""
        full: list[Tile] = []
        start, new, level = self.size, list(hashes), 0
        self.size += len(new)
        while new:
            if level == len(self.levels):
                self.levels.append([])
            nodes = self.levels[level] + new
            position, above = start // WIDTH, list[bytes]()
            for at in range(0, len(nodes) - WIDTH + 1, WIDTH):
                tile = nodes[at : at + WIDTH]
                full.append((level, position + len(above), b"".join(tile)))
                above.append(merkle.root(tile))
            self.levels[level] = nodes[len(above) * WIDTH :]
            start, new, level = start // WIDTH, above, level + 1
        return full


def head_root(heads: HeadMap) -> str:
    """Compute the RFC 9162 root over the heads of one kind, sorted by tag, in hex."""
    hashes = []
    for tag in sorted(heads):
        count, last = heads[tag]
        hashes.append(merkle.leaf_hash(f'{{"count":{count},"last":{last},"tag":"{tag.hex()}"}}'.encode()))
    return merkle.root(hashes).hex()
