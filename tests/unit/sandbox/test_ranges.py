"""Byte ranges against slicing: whatever is asked for, the bytes are those Python's own slices give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditportal.sandbox.s3.ranges import Unsatisfiable, parse_range

SIZES = st.integers(0, 300)
OFFSETS = st.integers(0, 400)


def answer(header: str | None, size: int) -> range | str | None:
    try:
        return parse_range(header, size)
    except Unsatisfiable:
        return "416"


@given(SIZES, OFFSETS, OFFSETS)
def test_closed_ranges_are_slices(size: int, first: int, last: int) -> None:
    found = answer(f"bytes={first}-{last}", size)
    expected = range(size)[first : last + 1]
    if last < first:
        assert found is None
    else:
        assert found == (expected if expected else "416")


@given(SIZES, OFFSETS)
def test_open_ranges_are_slices(size: int, first: int) -> None:
    assert answer(f"bytes={first}-", size) == (range(size)[first:] or "416")


@given(SIZES, OFFSETS)
def test_suffixes_are_slices(size: int, length: int) -> None:
    expected = range(size)[-length:] if length else range(0)
    assert answer(f"bytes=-{length}", size) == (expected or "416")


@given(SIZES, st.text(max_size=30))
def test_anything_else_is_the_whole_file(size: int, header: str) -> None:
    if not header.lower().startswith("bytes="):
        assert answer(header, size) is None


@pytest.mark.parametrize(
    "header",
    [None, "", "bytes=", "bytes=-", "bytes=a-b", "bytes=0-1,3-4", "items=0-1", "bytes=٣-٤", "bytes=1--2"],
)
def test_a_header_s3_cannot_read_is_ignored(header: str | None) -> None:
    assert answer(header, 10) is None
