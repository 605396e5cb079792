"""The Merkle tree of RFC 9162, section 2.1 (the same as RFC 6962's), with SHA-256.

A node (height, index) is the subtree over the leaves index·2^height … (index+1)·2^height − 1, as far as the tree
reaches. A node without a sibling moves up unchanged, which is equal to the RFC's split at the largest power of two.
"""

import hmac
from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Self

from recordings.tlog.texts import HASH_BYTES

EMPTY_ROOT = sha256(b"").digest()

Node = tuple[int, int]
Level = Sequence[bytes]


class ProofError(ValueError):
    """A proof is not valid; the text says why."""


def leaf_hash(entry: bytes) -> bytes:
    """Compute SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Compute SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """Compute the root over these leaf hashes. The root over none is the SHA-256 of nothing."""
    if not hashes:
        return EMPTY_ROOT
    level = hashes
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def levels(hashes: Sequence[bytes]) -> list[Level]:
    """Compute all levels of the tree, from the leaf hashes to the root alone."""
    tree = [hashes]
    while len(tree[-1]) > 1:
        tree.append(_parents(tree[-1]))
    return tree


def _parents(level: Sequence[bytes]) -> list[bytes]:
    pairs = zip(level[::2], level[1::2], strict=False)
    above = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
    if len(level) % 2:
        above.append(level[-1])
    return above


def inclusion_nodes(index: int, size: int, height: int = 0) -> list[Node]:
    """List the siblings of a node on its way to the root, lowest first. The node is a leaf unless `height` is given."""
    nodes = []
    while (1 << height) < size:
        sibling = index ^ 1
        if sibling << height < size:
            nodes.append((height, sibling))
        index, height = index >> 1, height + 1
    return nodes


def consistency_nodes(old: int, size: int) -> list[Node]:
    """List the nodes of RFC 9162's PROOF(old, D[size]), in its order. Raises ProofError when `old` exceeds the size."""
    if not 0 <= old <= size:
        raise ProofError(f"There is no tree of size {old} in a tree of size {size}.")
    if old in (0, size):
        return []
    height, index = 0, old - 1
    while index % 2:
        height, index = height + 1, index >> 1
    own = [(height, index)] if index else []
    return own + inclusion_nodes(index, size, height)


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """Compute the inclusion path of a leaf (RFC 9162, 2.1.3.1). Raises ProofError when there is no such leaf."""
    if not 0 <= index < len(hashes):
        raise ProofError(f"There is no leaf {index} in a tree of size {len(hashes)}.")
    tree = levels(hashes)
    return [tree[height][at] for height, at in inclusion_nodes(index, len(hashes))]


def consistency_path(hashes: Sequence[bytes], old: int) -> list[bytes]:
    """Compute the consistency path from the first `old` leaves to this tree (RFC 9162, 2.1.4.1)."""
    nodes = consistency_nodes(old, len(hashes))
    tree = levels(hashes)
    return [tree[height][at] for height, at in nodes]


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that leaf hash `leaf` is leaf `index` of the tree `size`, `root` (RFC 9162, 2.1.3.2). Raises ProofError."""
    _check_lengths(leaf, root, *path)
    if not 0 <= index < size:
        raise ProofError(f"There is no leaf {index} in a tree of size {size}.")
    at, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ProofError("The inclusion proof is too long.")
        if at % 2 or at == last:
            node = node_hash(sibling, node)
            at, last = _past_promotions(at, last)
        else:
            node = node_hash(node, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("The inclusion proof is too short.")
    _check_same(node, root, "The inclusion proof leads to another root.")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Check that the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`) (RFC 9162, 2.1.4.2).

    Raises ProofError.
    """
    _check_lengths(old_root, new_root, *path)
    if not 0 <= old <= new:
        raise ProofError(f"A tree of size {new} did not grow from one of size {old}.")
    for size, size_root in ((old, old_root), (new, new_root)):
        if size == 0:
            _check_same(size_root, EMPTY_ROOT, "A tree of size 0 has the root of the empty tree.")
    if old in (0, new):
        if path:
            raise ProofError("There is nothing to prove, so the consistency proof must be empty.")
        if old == new:
            _check_same(old_root, new_root, f"There are two different roots of size {old}.")
        return
    _check_growth(old, old_root, new, new_root, path)


def _check_growth(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    at, last = old - 1, new - 1
    while at % 2:
        at, last = at >> 1, last >> 1
    steps = [old_root, *path] if at == 0 else list(path)
    if not steps:
        raise ProofError("The consistency proof is too short.")
    old_computed = new_computed = steps[0]
    for node in steps[1:]:
        if last == 0:
            raise ProofError("The consistency proof is too long.")
        if at % 2 or at == last:
            old_computed, new_computed = node_hash(node, old_computed), node_hash(node, new_computed)
            at, last = _past_promotions(at, last)
        else:
            new_computed = node_hash(new_computed, node)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("The consistency proof is too short.")
    _check_same(old_computed, old_root, "The consistency proof does not lead to the old root.")
    _check_same(new_computed, new_root, "The consistency proof does not lead to the new root.")


def _past_promotions(at: int, last: int) -> tuple[int, int]:
    """Skip the levels at which this node had no sibling and moved up unchanged."""
    while at and not at % 2:
        at, last = at >> 1, last >> 1
    return at, last


def _check_lengths(*hashes: bytes) -> None:
    if any(len(digest) != HASH_BYTES for digest in hashes):
        raise ProofError(f"A hash has {HASH_BYTES} bytes.")


def _check_same(actual: bytes, expected: bytes, sentence: str) -> None:
    if not hmac.compare_digest(actual, expected):
        raise ProofError(sentence)


class Frontier:
    """The right edge of a growing tree: the roots of its full subtrees, largest first. Enough to add leaves to."""

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.nodes = tuple(nodes)
        self.size = size
        if size < 0 or len(self.nodes) != size.bit_count():
            raise ProofError(f"A tree of size {size} does not have {len(self.nodes)} full subtrees.")
        _check_lengths(*self.nodes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, level by level: one hash per pair."""
        nodes, height = list(leaves), 0
        edge = dict(zip(_heights(self.size), self.nodes, strict=True))
        while nodes:
            if height in edge:
                nodes.insert(0, edge.pop(height))
            if len(nodes) % 2:
                edge[height] = nodes.pop()
            nodes, height = _parents(nodes), height + 1
        self.size += len(leaves)
        self.nodes = tuple(edge[height] for height in _heights(self.size))

    def root(self) -> bytes:
        """Compute the root over all leaves added so far."""
        return fold(self.nodes)

    def to_bytes(self) -> bytes:
        """Concatenate the nodes. The size must be stored separately."""
        return b"".join(self.nodes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Self:
        """Restore the result of `to_bytes`. Raises ProofError when the data does not belong to this size."""
        return cls(size, (data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


def fold(nodes: Sequence[bytes]) -> bytes:
    """Compute the root over adjacent full subtrees, largest first."""
    if not nodes:
        return EMPTY_ROOT
    node = nodes[-1]
    for left in reversed(nodes[:-1]):
        node = node_hash(left, node)
    return node


def full_subtrees(start: int, end: int) -> list[Node]:
    """List the full subtrees over leaves start … end − 1, largest first. `start` must be a multiple of the largest."""
    edges = [start]
    for height in _heights(end - start):
        edges.append(edges[-1] + (1 << height))
    return [((to - at).bit_length() - 1, at // (to - at)) for at, to in pairwise(edges)]


def _heights(size: int) -> list[int]:
    return [height for height in reversed(range(size.bit_length())) if size >> height & 1]
