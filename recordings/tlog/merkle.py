"""The Merkle tree of RFC 9162 section 2.1 (the same as RFC 6962's) over SHA-256.

A node is named by (height, index): the subtree over the leaves index·2^height … (index+1)·2^height − 1, as far as
the tree reaches. At each height a node without a sibling moves up as it is, which is the RFC's split at the
largest power of two.
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
    """A proof that does not prove what it should. The text says what is wrong with it."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return sha256(b"\x01" + left + right).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The tree head over these leaf hashes; of none: SHA-256 of nothing."""
    if not hashes:
        return EMPTY_ROOT
    level = hashes
    while len(level) > 1:
        level = _parents(level)
    return level[0]


def levels(hashes: Sequence[bytes]) -> list[Level]:
    """All heights of the tree: the leaf hashes first, its root alone in the last."""
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
    """The siblings from a node (a leaf, unless a height is given) up to the root, lowest first."""
    nodes = []
    while (1 << height) < size:
        sibling = index ^ 1
        if sibling << height < size:
            nodes.append((height, sibling))
        index, height = index >> 1, height + 1
    return nodes


def consistency_nodes(old: int, size: int) -> list[Node]:
    """The nodes of RFC 9162's PROOF(old, D[size]), in its order. ProofError when `old` is beyond the tree."""
    if not 0 <= old <= size:
        raise ProofError(f"There is no tree of size {old} within one of size {size}.")
    if old in (0, size):
        return []
    height, index = 0, old - 1
    while index % 2:
        height, index = height + 1, index >> 1
    own = [(height, index)] if index else []
    return own + inclusion_nodes(index, size, height)


def inclusion_path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    """RFC 9162 2.1.3.1: the leaf's sibling first. ProofError when there is no such leaf."""
    if not 0 <= index < len(hashes):
        raise ProofError(f"There is no leaf {index} in a tree of size {len(hashes)}.")
    tree = levels(hashes)
    return [tree[height][at] for height, at in inclusion_nodes(index, len(hashes))]


def consistency_path(hashes: Sequence[bytes], old: int) -> list[bytes]:
    """RFC 9162 2.1.4.1: that the first `old` leaves are a tree this one grew from."""
    nodes = consistency_nodes(old, len(hashes))
    tree = levels(hashes)
    return [tree[height][at] for height, at in nodes]


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 2.1.3.2: `leaf` (its hash) is number `index` of the tree `size`, `root`. Else ProofError."""
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
    """RFC 9162 2.1.4.2: the tree (`new`, `new_root`) begins with the tree (`old`, `old_root`). Else ProofError."""
    _check_lengths(old_root, new_root, *path)
    if not 0 <= old <= new:
        raise ProofError(f"A tree of size {new} did not grow from one of size {old}.")
    for size, given in ((old, old_root), (new, new_root)):
        if size == 0:
            _check_same(given, EMPTY_ROOT, "A tree of size 0 has the root of the empty tree.")
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
    old_found = new_found = steps[0]
    for node in steps[1:]:
        if last == 0:
            raise ProofError("The consistency proof is too long.")
        if at % 2 or at == last:
            old_found, new_found = node_hash(node, old_found), node_hash(node, new_found)
            at, last = _past_promotions(at, last)
        else:
            new_found = node_hash(new_found, node)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("The consistency proof is too short.")
    _check_same(old_found, old_root, "The consistency proof does not lead to the old root.")
    _check_same(new_found, new_root, "The consistency proof does not lead to the new root.")


def _past_promotions(at: int, last: int) -> tuple[int, int]:
    """Up to where this node was a right child: on the way it had no sibling and moved up as it was."""
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
    """The right edge of a growing tree: the roots of its full subtrees, largest first; enough to go on from."""

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.nodes = tuple(nodes)
        self.size = size
        if size < 0 or len(self.nodes) != size.bit_count():
            raise ProofError(f"A tree of size {size} has another number of full subtrees.")
        _check_lengths(*self.nodes)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, height by height: one hash per pair."""
        waiting, height = list(leaves), 0
        edge = dict(zip(_heights(self.size), self.nodes, strict=True))
        while waiting:
            if height in edge:
                waiting.insert(0, edge.pop(height))
            if len(waiting) % 2:
                edge[height] = waiting.pop()
            waiting, height = _parents(waiting), height + 1
        self.size += len(leaves)
        self.nodes = tuple(edge[height] for height in _heights(self.size))

    def root(self) -> bytes:
        """The tree head over everything added so far."""
        return fold(self.nodes)

    def to_bytes(self) -> bytes:
        """The nodes one after another; the size is kept beside them."""
        return b"".join(self.nodes)

    @classmethod
    def from_bytes(cls, size: int, data: bytes) -> Self:
        """What `to_bytes` gave. ProofError when it is not of this size."""
        return cls(size, (data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)))


def fold(nodes: Sequence[bytes]) -> bytes:
    """The root over full subtrees that get smaller from left to right."""
    if not nodes:
        return EMPTY_ROOT
    node = nodes[-1]
    for left in reversed(nodes[:-1]):
        node = node_hash(left, node)
    return node


def full_subtrees(start: int, end: int) -> list[Node]:
    """The full subtrees over the leaves start … end − 1, largest first; `start` is where such a range may begin."""
    edges = [start]
    for height in _heights(end - start):
        edges.append(edges[-1] + (1 << height))
    return [((to - at).bit_length() - 1, at // (to - at)) for at, to in pairwise(edges)]


def _heights(size: int) -> list[int]:
    return [height for height in reversed(range(size.bit_length())) if size >> height & 1]
