"""The tree in blocks of 256: every root and tile equals the one computed from all leaves at once."""

from hashlib import sha256

from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.proof.verification.blocks import Blocks, Roots, full_tiles, split
from recordings.tlog import merkle
from recordings.tlog.tiles import WIDTH
from tests.thorough import examples

LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(70_000)]


def blocks_of(count: int, sizes: list[int]) -> Blocks:
    blocks = Blocks()
    for start in range(0, count, WIDTH):
        end = min(start + WIDTH, count)
        blocks.add(LEAVES[start:end], start, [size for size in sizes if start < size < start + WIDTH])
    return blocks


@settings(max_examples=examples(40), deadline=None)
@given(st.integers(0, 2000), st.sets(st.integers(0, 2000), max_size=20))
def test_the_root_of_every_requested_size(count: int, wanted: set[int]) -> None:
    sizes = sorted(size for size in wanted if size <= count)
    roots = Roots(blocks_of(count, sizes))
    assert [roots.at(size) for size in sizes] == [merkle.root(LEAVES[:size]) for size in sizes]


@settings(max_examples=examples(20), deadline=None)
@given(st.integers(0, 8), st.integers(0, 1500))
def test_two_segments_join_into_one(middle: int, count: int) -> None:
    middle = min(middle * WIDTH, count // WIDTH * WIDTH)
    first, whole = blocks_of(middle, []), blocks_of(count, [])
    later = Blocks()
    for start in range(middle, count, WIDTH):
        later.add(LEAVES[start : min(start + WIDTH, count)], start, [])
    first.merge(later)
    assert (first.roots, first.rest) == (whole.roots, whole.rest)


def test_upper_tiles() -> None:
    """65,536 leaves fill one tile of level 1, whose root is the first hash of level 2."""
    blocks = blocks_of(70_000, [])
    levels = full_tiles(blocks.roots)
    assert len(levels) == 1
    assert [split(tile) for tile in levels[0]] == [
        [merkle.root(LEAVES[at : at + WIDTH]) for at in range(0, 65_536, WIDTH)]
    ]
    assert full_tiles(blocks.roots[:255]) == []
