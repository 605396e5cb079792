"""Tiles: the specification's examples, and proofs from tiles that equal proofs from a list of leaves."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.tlog import merkle
from recordings.tlog.merkle import ProofError
from recordings.tlog.tiles import (
    ENTRIES,
    WIDTH,
    TileError,
    Tiles,
    entry_bundle,
    parse_entry_bundle,
    parse_tile_path,
    tile_path,
    tile_width,
)
from tests.thorough import examples
from tests.unit.tlog.grown import leaves, root

SIZES = (1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, 70_000)


class _AllTiles:
    """All tiles of a tree, and which of them were requested."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[tuple[int, int, int]] = []
        self.rows = [list(leaves(size))]
        while len(self.rows[-1]) >= WIDTH:
            row = self.rows[-1]
            full = range(0, len(row) - WIDTH + 1, WIDTH)
            self.rows.append([merkle.root(row[at : at + WIDTH]) for at in full])

    def read(self, level: int, position: int, width: int) -> bytes:
        self.asked.append((level, position, width))
        return b"".join(self.rows[level][position * WIDTH : position * WIDTH + width])


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        ((0, 1_234_067, 256), "0/x001/x234/067"),
        ((0, 1_234_067, 8), "0/x001/x234/067.p/8"),
        ((63, 0, 256), "63/000"),
        ((1, 999, 255), "1/999.p/255"),
        ((2, 1000, 1), "2/x001/000.p/1"),
        ((ENTRIES, 1_234_067, 256), "entries/x001/x234/067"),
        ((ENTRIES, 5, 17), "entries/005.p/17"),
    ],
)
def test_paths_follow_the_specification(tile: tuple[int, int, int], path: str) -> None:
    assert tile_path(*tile) == path
    assert parse_tile_path(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "0",
        "0/",
        "0/1",
        "0/0001",
        "0/x000/001",
        "0/x001/x234/67",
        "0/001/234",
        "0/x001",
        "00/001",
        "64/001",
        "-1/001",
        "01/001",
        "0/001.p/0",
        "0/001.p/256",
        "0/001.p/08",
        "0/001.p/",
        "0/001.p/1.p/1",
        "0/00١",
        "0/001\n",
        "/0/001",
        "data/001",
        "entries/../001",
        "0/" + "x001/" * 30 + "001",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(TileError):
        parse_tile_path(path)


@given(st.integers(ENTRIES, 63), st.integers(0, 2**62), st.integers(1, 256))
def test_paths_round_trip(level: int, position: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, position, width)) == (level, position, width)


@given(st.text() | st.from_regex(re.compile(r"[0-9]{1,2}/(x[0-9]{3}/)*[0-9]{3}(\.p/[0-9]+)?")))
def test_any_text_is_a_path_or_refused(text: str) -> None:
    try:
        tile = parse_tile_path(text)
    except TileError:
        return
    assert tile_path(*tile) == text


@pytest.mark.parametrize("tile", [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_coordinates_outside_the_range_are_refused(tile: tuple[int, int, int]) -> None:
    with pytest.raises(TileError):
        tile_path(*tile)


def test_the_widths_of_a_tree_of_70000() -> None:
    """The specification's example, and its remark about a tree of 256."""
    assert [tile_width(0, position, 70_000) for position in (0, 272, 273, 274)] == [256, 256, 112, 0]
    assert [tile_width(1, position, 70_000) for position in (0, 1, 2)] == [256, 17, 0]
    assert [tile_width(2, position, 70_000) for position in (0, 1)] == [1, 0]
    assert tile_width(3, 0, 70_000) == 0
    assert [tile_width(level, 0, 256) for level in (0, 1, 2)] == [256, 1, 0]
    assert tile_width(ENTRIES, 273, 70_000) == 112


@pytest.mark.parametrize("size", SIZES)
def test_tiles_have_the_root_and_only_existing_tiles_are_read(size: int) -> None:
    shelf = _AllTiles(size)
    tiles = Tiles(shelf.read, size)
    assert tiles.root() == root(size)
    for index in {0, size // 3, size // 2, size - 1}:
        merkle.check_inclusion(leaves(size)[index], index, size, tiles.inclusion_path(index), root(size))
    assert all(width == tile_width(level, position, size) > 0 for level, position, width in shelf.asked)
    assert len(shelf.asked) == len(set(shelf.asked))


def test_proofs_from_tiles_equal_proofs_from_a_list_exhaustively() -> None:
    for size in (*range(65), 256, 300):
        tiles = Tiles(_AllTiles(size).read, size)
        for index in range(size):
            assert tiles.inclusion_path(index) == merkle.inclusion_path(leaves(size), index)
        for old in range(size + 1):
            assert tiles.consistency_path(old) == merkle.consistency_path(leaves(size), old)


SHELVES = {size: _AllTiles(size) for size in (70_000, 66_000, 512, 1000)}


@settings(max_examples=examples(30), deadline=None)
@given(st.sampled_from(sorted(SHELVES)), st.data())
def test_proofs_from_tiles_equal_proofs_from_a_list(size: int, data: st.DataObject) -> None:
    tiles = Tiles(SHELVES[size].read, size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    assert tiles.inclusion_path(index) == merkle.inclusion_path(leaves(size), index)
    assert tiles.consistency_path(old) == merkle.consistency_path(leaves(size), old)


def test_leaf_hashes_come_in_order() -> None:
    tiles = Tiles(_AllTiles(600).read, 600)
    assert tiles.hashes(250, 520) == list(leaves(600)[250:520])
    assert tiles.hashes(600, 600) == []
    with pytest.raises(ProofError):
        tiles.hashes(0, 601)
    with pytest.raises(ProofError):
        tiles.inclusion_path(600)
    with pytest.raises(ProofError):
        tiles.consistency_path(601)


def test_a_tile_of_the_wrong_length_is_named() -> None:
    tiles = Tiles(lambda level, position, width: bytes(32 * width - 1), 300)
    with pytest.raises(TileError, match=r"0/001\.p/44 has 1407 bytes"):
        tiles.inclusion_path(299)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_entry_bundles_round_trip(entries: list[bytes]) -> None:
    assert parse_entry_bundle(entry_bundle(entries)) == entries


def test_an_entry_bundle_is_length_and_entry() -> None:
    assert entry_bundle([b"ab", b"", b"x" * 300]) == b"\x00\x02ab\x00\x00\x01\x2c" + b"x" * 300
    assert len(entry_bundle([bytes(65_535)])) == 65_537
    with pytest.raises(TileError, match="at most 65535 bytes"):
        entry_bundle([bytes(65_536)])


@pytest.mark.parametrize("cut", [1, 3, 5])
def test_a_truncated_entry_bundle_is_refused(cut: int) -> None:
    whole = entry_bundle([b"ab", b"cdef"])
    with pytest.raises(TileError):
        parse_entry_bundle(whole[:-cut] if cut != 3 else whole[:5])


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_bundle_or_refused(data: bytes) -> None:
    try:
        entries = parse_entry_bundle(data)
    except TileError:
        return
    assert entry_bundle(entries) == data
