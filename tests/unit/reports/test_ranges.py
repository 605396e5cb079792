"""RFC 9110, section 14: single ranges of a file; everything else is the whole file or 416."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.reports.ranges import NotSatisfiable, part_of


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", (0, 99)),
        ("bytes=0-0", (0, 0)),
        ("bytes=40-59", (40, 59)),
        ("bytes=40-1000", (40, 99)),
        ("bytes=99-", (99, 99)),
        ("bytes=-10", (90, 99)),
        ("bytes=-1000", (0, 99)),
        (" bytes=1-2 ", (1, 2)),
    ],
)
def test_a_range_is_a_part(header: str, part: tuple[int, int]) -> None:
    assert part_of(header, 100) == part


@pytest.mark.parametrize(
    "header",
    [
        "",
        "bytes=-",
        "bytes=5-4",
        "bytes=0-1,5-6",
        "items=0-1",
        "bytes=a-b",
        "bytes 0-1",
        "bytes=0x1-2",
        "bytes=1.5-2",
    ],
)
def test_what_cannot_be_read_means_the_whole_file(header: str) -> None:
    assert part_of(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_a_range_outside_is_not_satisfiable(header: str) -> None:
    with pytest.raises(NotSatisfiable):
        part_of(header, 100)


@given(header=st.text(alphabet="bytes=0123456789-, ", max_size=20), size=st.integers(1, 1000))
def test_a_part_lies_within_the_file(header: str, size: int) -> None:
    try:
        part = part_of(header, size)
    except NotSatisfiable:
        return
    assert part is None or 0 <= part[0] <= part[1] < size
