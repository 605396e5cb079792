"""Split an inclusion proof into hashing steps that a person can repeat, for example with sha256sum."""

from collections.abc import Sequence
from dataclasses import dataclass

from recordings.tlog.merkle import check_inclusion, node_hash
from recordings.tlog.texts import encode64


@dataclass(frozen=True)
class Step:
    """One hashing step. `side`: the side of the sibling, left or right. `sibling_leaves` and `leaves`: the numbers of
    the leaves that the sibling and the result cover, such as "5" or "4–7"."""

    side: str
    sibling: str
    sibling_leaves: str
    result: str
    leaves: str

    @property
    def sibling_is_leaf(self) -> bool:
        """Whether the sibling covers a single leaf."""
        return "–" not in self.sibling_leaves


def proof_steps(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> list[Step]:
    """Compute each step from a leaf hash up to the root. Raises ProofError when the path does not lead there."""
    check_inclusion(leaf, index, size, path, root)
    node, position, height = leaf, index, 0
    steps: list[Step] = []
    for sibling in path:
        while position % 2 == 0 and (position + 1) << height >= size:
            position, height = (
                position >> 1,
                height + 1,
            )  # the right edge: without a sibling the node moves up unchanged
        left = position % 2 == 1
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
        sibling_leaves = _leaves(position ^ 1, height, size)
        position, height = position >> 1, height + 1
        steps.append(
            Step(
                side="left" if left else "right",
                sibling=encode64(sibling),
                sibling_leaves=sibling_leaves,
                result=encode64(node),
                leaves=_leaves(position, height, size),
            )
        )
    return steps


def _leaves(index: int, height: int, size: int) -> str:
    """Return the numbers of the leaves that a node covers: "5", or "4–7"."""
    first = index << height
    last = min((index + 1) << height, size) - 1
    return f"{first:,}" if first == last else f"{first:,}–{last:,}"
