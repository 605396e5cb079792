"""The tree as stored in tables: full tiles in one, leaf hashes in the other, and nothing else needed."""

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.proof.sealing.log import Edge
from recordings.proof.sealing.tree import Tree
from recordings.tlog import merkle
from recordings.tlog.tiles import TileError
from tests.thorough import examples


class Tables:
    """The part of a cursor that the tree uses."""

    def __init__(self) -> None:
        self.leaves: list[bytes] = []
        self.tiles: dict[tuple[int, int], bytes] = {}
        self._edge = Edge()
        self._rows: list[tuple[bytes]] = []

    def execute(self, query: str, params: list[int]) -> None:
        *level, start, end = params
        if "audit.tile" in query:
            found = [self.tiles.get((*level, at)) for at in range(start, end)]  # type: ignore[call-overload]
        else:
            found = [*self.leaves[start:end]]
        self._rows = [(value,) for value in found if value is not None]

    def fetchall(self) -> list[tuple[bytes]]:
        return self._rows

    def grow(self, count: int) -> None:
        hashes = [os.urandom(32) for _ in range(count)]
        for level, position, tile in self._edge.extend(hashes):
            assert (level, position) not in self.tiles
            self.tiles[level, position] = tile
        self.leaves += hashes


@settings(max_examples=examples(30), deadline=None)
@given(st.lists(st.sampled_from([1, 5, 255, 256, 257, 1000, 4000]), min_size=1, max_size=30), st.data())
def test_roots_and_proofs_do_not_depend_on_how_the_tree_grew(counts: list[int], data: Any) -> None:
    tables = Tables()
    for count in counts:
        tables.grow(count)
    size = data.draw(st.integers(1, len(tables.leaves)))
    old, leaf = data.draw(st.integers(0, size)), data.draw(st.integers(0, size - 1))
    tree, leaves = Tree(tables).at(size), tables.leaves[:size]
    assert tree.root() == merkle.root(leaves)
    assert tree.consistency_path(old) == merkle.consistency_path(leaves, old)
    assert tree.inclusion_path(leaf) == merkle.inclusion_path(leaves, leaf)


def test_the_second_level_fills_up() -> None:
    tables = Tables()
    for count in (65_000, 1_000, 1):
        tables.grow(count)
    assert sorted(level for level, _ in tables.tiles) == [0] * 257 + [1]
    assert Tree(tables).at(65_536).root() == merkle.root(tables.leaves[:65_536])


@pytest.mark.parametrize("lost", ["leaf", "tile"])
def test_a_missing_part_raises_an_error(lost: str) -> None:
    tables = Tables()
    tables.grow(600)
    if lost == "leaf":
        tables.leaves.pop()
    else:
        del tables.tiles[0, 1]
    with pytest.raises(TileError, match="exist"):
        Tree(tables).at(600).root()
