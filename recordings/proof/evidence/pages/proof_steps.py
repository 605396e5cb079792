"""An inclusion proof as steps that a person can follow with a pencil, or with sha256sum."""

from collections.abc import Sequence
from dataclasses import dataclass

from recordings.tlog.merkle import check_inclusion, node_hash
from recordings.tlog.texts import encode64


@dataclass(frozen=True)
class Step:
    """One hashing: the sibling, on which side it is, and the result with the leaves that it covers."""

    number: int
    side: str
    sibling: str
    covered_by_sibling: str
    result: str
    covered: str


def proof_steps(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> list[Step]:
    """Compute each step from a leaf hash up to the root. Raises ProofError when the path does not lead there."""
    check_inclusion(leaf, index, size, path, root)
    node, position, height = leaf, index, 0
    steps: list[Step] = []
    for sibling in path:
        while position % 2 == 0 and (position + 1) << height >= size:
            position, height = position >> 1, height + 1  # the right edge: no sibling, it moves up as it is
        left = position % 2 == 1
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
        covered_by_sibling = _leaves(position ^ 1, height, size)
        position, height = position >> 1, height + 1
        steps.append(
            Step(
                number=len(steps) + 1,
                side="left" if left else "right",
                sibling=encode64(sibling),
                covered_by_sibling=covered_by_sibling,
                result=encode64(node),
                covered=_leaves(position, height, size),
            )
        )
    return steps


def _leaves(index: int, height: int, size: int) -> str:
    """ "leaf 5" or "leaves 4–7": what a node stands for, as far as the tree reaches."""
    first = index << height
    last = min((index + 1) << height, size) - 1
    return f"leaf {first:,}" if first == last else f"leaves {first:,}–{last:,}"
