"""The tiles that a growing log adds: none twice, none left out, at any size."""

from hypothesis import given
from hypothesis import strategies as st

from recordings.proof.anchors.copy import checkpoint_key, pieces
from recordings.tlog.tiles import ENTRIES, tile_width

SIZES = st.integers(0, 300_000) | st.sampled_from([0, 1, 255, 256, 257, 65_535, 65_536, 65_537])


def _all(size: int) -> set[tuple[int, int, int]]:
    """Return every tile of a tree of this size, by the specification's formula."""
    found = set()
    for level in (ENTRIES, 0, 1, 2, 3):
        count = size // 256 ** max(level, 0)
        found |= {(level, at, 256) for at in range(count // 256)}
        found |= {(level, count // 256, count % 256)} if count % 256 else set()
    return found


@given(SIZES, SIZES)
def test_growth_adds_exactly_the_missing_tiles(one: int, other: int) -> None:
    old, size = sorted([one, other])
    listed = list(pieces(old, size))
    assert len(listed) == len(set(listed))
    assert set(listed) == _all(size) - _all(old)
    assert all(tile_width(level, position, size) == width for level, position, width in listed)


def test_checkpoint_keys_sort_by_size() -> None:
    sizes = [0, 1, 9, 10, 999, 1000, 1_234_567, 10**17]
    assert sorted(checkpoint_key("log", size) for size in reversed(sizes)) == [
        checkpoint_key("log", size) for size in sizes
    ]
    assert checkpoint_key("log", 1_234_567) == "log/checkpoint/000/000/000/001/234/567"
