"""The tree: published vectors, an independent library, and every proof up to size 64."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from recordings.tlog import merkle
from recordings.tlog.merkle import Frontier, ProofError
from tests.unit.tlog.grown import leaves, root

# The eight leaves with which implementations of RFC 6962 are tested, with their roots and proofs.
ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
HASHES = [merkle.leaf_hash(entry) for entry in ENTRIES]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
H01 = ROOTS[2]
H0 = ROOTS[1]
H1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
H23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
H4567 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
H0123 = ROOTS[4]
H4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
H67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
H45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"


@pytest.mark.parametrize(("size", "expected"), list(enumerate(ROOTS)))
def test_the_roots_of_the_published_vectors(size: int, expected: str) -> None:
    assert merkle.root(HASHES[:size]).hex() == expected


@pytest.mark.parametrize(
    ("index", "size", "expected"),
    [
        (0, 1, []),
        (0, 8, [H1, H23, H4567]),
        (5, 8, [H4, H67, H0123]),
        (2, 3, [H01]),
        (1, 5, [H0, H23, H4]),
    ],
)
def test_the_inclusion_proofs_of_the_published_vectors(index: int, size: int, expected: list[str]) -> None:
    path = merkle.inclusion_path(HASHES[:size], index)
    assert [node.hex() for node in path] == expected
    merkle.check_inclusion(HASHES[index], index, size, path, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(
    ("old", "size", "expected"),
    [
        (1, 1, []),
        (1, 8, [H1, H23, H4567]),
        (6, 8, [H45, H67, H0123]),
        (2, 5, [H23, H4]),
        (4, 8, [H4567]),
        (0, 8, []),
        (8, 8, []),
    ],
)
def test_the_consistency_proofs_of_the_published_vectors(old: int, size: int, expected: list[str]) -> None:
    path = merkle.consistency_path(HASHES[:size], old)
    assert [node.hex() for node in path] == expected
    merkle.check_consistency(old, bytes.fromhex(ROOTS[old]), size, bytes.fromhex(ROOTS[size]), path)


def test_the_example_proofs_of_rfc_9162() -> None:
    """Section 2.1.5: seven leaves d0 … d6, hashes a … f and j, nodes g … l."""
    a, b, c, d, e, f, j = leaves(7)
    g, h, i = merkle.node_hash(a, b), merkle.node_hash(c, d), merkle.node_hash(e, f)
    k, m = merkle.node_hash(g, h), merkle.node_hash(i, j)
    assert merkle.root(leaves(7)) == merkle.node_hash(k, m)
    assert merkle.inclusion_path(leaves(7), 0) == [b, h, m]
    assert merkle.inclusion_path(leaves(7), 3) == [c, g, m]
    assert merkle.inclusion_path(leaves(7), 4) == [f, j, k]
    assert merkle.inclusion_path(leaves(7), 6) == [i, k]
    assert merkle.consistency_path(leaves(7), 3) == [c, d, g, m]
    assert merkle.consistency_path(leaves(7), 4) == [m]
    assert merkle.consistency_path(leaves(7), 6) == [i, j, k]


def _root_by_definition(hashes: tuple[bytes, ...]) -> bytes:
    """Compute the root exactly as RFC 9162, 2.1.1 defines it: split at the largest power of two smaller than n."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1 << ((len(hashes) - 1).bit_length() - 1)
    return sha256(b"\x01" + _root_by_definition(hashes[:k]) + _root_by_definition(hashes[k:])).digest()


def test_roots_equal_the_definitions_and_an_independent_librarys() -> None:
    tree = InmemoryTree(algorithm="sha256")
    for size in range(1, 300):
        entry = f"true{size - 1}" if size > 1 else "0"
        tree.append_entry(entry.encode())
        assert root(size) == tree.get_root() == _root_by_definition(leaves(size)), size


def test_every_proof_up_to_64_leaves_verifies() -> None:
    for size in range(65):
        for index in range(size):
            path = merkle.inclusion_path(leaves(size), index)
            merkle.check_inclusion(leaves(size)[index], index, size, path, root(size))
        for old in range(size + 1):
            path = merkle.consistency_path(leaves(size), old)
            merkle.check_consistency(old, root(old), size, root(size), path)


@given(st.integers(0, 600), st.lists(st.integers(0, 300), max_size=5))
def test_a_frontier_grown_in_any_steps_has_the_trees_root(start: int, steps: list[int]) -> None:
    frontier = Frontier()
    for step in (start, *steps):
        grown = leaves(frontier.size + step)[frontier.size :]
        frontier.extend(grown)
        frontier = Frontier.from_bytes(frontier.size, frontier.to_bytes())
    assert frontier.root() == root(frontier.size)


def test_a_frontier_grows_leaf_by_leaf() -> None:
    frontier = Frontier()
    for size in range(1, 130):
        frontier.append(leaves(size)[-1])
        assert (frontier.size, frontier.root()) == (size, root(size))


@pytest.mark.parametrize(
    ("size", "data"), [(0, b"x"), (3, bytes(32)), (2, bytes(31)), (1, bytes(64)), (-1, b"")]
)
def test_a_frontier_of_the_wrong_size_is_refused(size: int, data: bytes) -> None:
    with pytest.raises(ProofError):
        Frontier.from_bytes(size, data)


@pytest.mark.parametrize("index", [-1, 3, 4])
def test_a_leaf_that_does_not_exist_has_no_proof(index: int) -> None:
    with pytest.raises(ProofError, match=f"no leaf {index} in a tree of size 3"):
        merkle.inclusion_path(leaves(3), index)


@pytest.mark.parametrize("old", [-1, 4])
def test_a_larger_tree_has_no_proof(old: int) -> None:
    with pytest.raises(ProofError, match="no tree of size"):
        merkle.consistency_path(leaves(3), old)
