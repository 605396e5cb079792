"""An inclusion proof as steps that a person can follow with a pencil, or with sha256sum."""

from collections.abc import Sequence
from dataclasses import dataclass

from recordings.tlog.merkle import check_inclusion, node_hash
from recordings.tlog.texts import encode64


@dataclass(frozen=True)
class Step:
    """One hashing: what stood there, what it was joined with and on which side, which leaves it then covers."""

    number: int
    side: str
    sibling: str
    covered_by_sibling: str
    result: str
    covered: str


def steps(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> list[Step]:
    """The way from a leaf hash up to the root. Raises ProofError when it does not lead there."""
    check_inclusion(leaf, index, size, path, root)
    found, at, height = leaf, index, 0
    walked: list[Step] = []
    for sibling in path:
        while at % 2 == 0 and (at + 1) << height >= size:
            at, height = at >> 1, height + 1  # the right edge: nothing beside it, it moves up as it is
        left = at % 2 == 1
        found = node_hash(sibling, found) if left else node_hash(found, sibling)
        beside = _leaves(at ^ 1, height, size)
        at, height = at >> 1, height + 1
        side = "left" if left else "right"
        walked.append(
            Step(len(walked) + 1, side, encode64(sibling), beside, encode64(found), _leaves(at, height, size))
        )
    return walked


def _leaves(index: int, height: int, size: int) -> str:
    """ "leaf 5" or "leaves 4–7": what a node stands for, as far as the tree reaches."""
    first = index << height
    last = min((index + 1) << height, size) - 1
    return f"leaf {first:,}" if first == last else f"leaves {first:,}–{last:,}"
