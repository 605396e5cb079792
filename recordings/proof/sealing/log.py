"""The log in the sealer's memory: computed from the leaves at the start (recount.py), extended with each batch.

Tables that a database login can write are not trusted. A batch is prepared beside this state and applied to it after
its transaction has committed (batch.py). After a commit with unknown outcome, the leaves in the database decide.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from recordings.proof.sealing.stable_prefix import BEGINNING
from recordings.proof.sealing.tags import KINDS, TagKind
from recordings.tlog import merkle
from recordings.tlog.merkle import Frontier
from recordings.tlog.tiles import WIDTH

# For each tag: how many leaves it has, and the last of them.
HeadMap = dict[bytes, tuple[int, int]]
Tile = tuple[int, int, bytes]  # level, position, hashes


@dataclass
class Log:
    """The end of the log. Times are texts as in entries; their order is the order of the times."""

    first: str  # AUDIT_ORIGIN, the name of the first epoch
    origin: str
    tag_key: bytes = field(repr=False)
    frontier: Frontier = field(default_factory=Frontier)
    edge: "Edge" = field(default_factory=lambda: Edge())
    heads: dict[TagKind, HeadMap] = field(default_factory=lambda: {kind: {} for kind in KINDS}, repr=False)
    newest: str = BEGINNING  # the largest time of all leaves
    late_n: int = 0  # how many leaves are marked late
    closed_until: str = BEGINNING  # as the newest manifest states it
    manifest_n: int = -1
    manifest_at: str = BEGINNING  # when the newest manifest, or else the opening, was recorded
    parents_from: int | None = None  # the first leaf of version 2; None before there is one
    # Known to this process only, not stored in leaves:
    complete_to: int = -1  # every event up to this number has its leaf, or no event will ever have the number
    sealed_until: str = BEGINNING  # every event recorded before this time has its leaf
    manifest_due: bool = False  # a manifest was requested
    signed: int = 0  # the size of the last published checkpoint
    since_signed: list[bytes] = field(default_factory=list, repr=False)  # hashes of the leaves after it
    signed_frontier: Frontier = field(default_factory=Frontier)

    @property
    def size(self) -> int:
        return self.frontier.size

    @property
    def ends_with_manifest(self) -> bool:
        """Whether the newest leaf is a manifest. If so, a checkpoint of exactly this size must be signed."""
        return self.manifest_n == self.size - 1

    def mark_signed(self) -> None:
        """Record that a checkpoint of this size is published."""
        self.signed, self.since_signed = self.size, []
        self.signed_frontier = Frontier(self.size, self.frontier.nodes)


class Edge:
    """The incomplete tiles at the right end of the tree, level by level."""

    def __init__(self, levels: Sequence[Sequence[bytes]] = ((),), size: int = 0) -> None:
        self.levels = [list(level) for level in levels]
        self.size = size

    def copy(self) -> "Edge":
        return Edge(self.levels, self.size)

    def extend(self, hashes: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes; returns the tiles that are now full."""
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
