"""Which evidence decides whether a file is the one first seen."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.custody.comparison import FileState, compare
from recordings.models import FileBadge

FIRST = FileState(True, "", 100, '"tag"', datetime(2026, 11, 1, tzinfo=UTC), "v1", "aa")
U, D, C = FileBadge.UNCHANGED, FileBadge.DIFFERS, FileBadge.CANNOT_TELL


@pytest.mark.parametrize(
    ("first", "now", "reported", "badge"),
    [
        (FIRST, FIRST, None, U),
        (FIRST, replace(FIRST, etag='"other"', version_id="v2"), None, U),  # uploaded again, the same bytes
        (FIRST, replace(FIRST, sha256="bb"), None, D),
        (FIRST, replace(FIRST, size_bytes=101, sha256=""), None, D),
        (replace(FIRST, sha256=""), replace(FIRST, sha256=""), None, U),
        (replace(FIRST, sha256=""), replace(FIRST, sha256="", etag='"other"'), None, C),
        (replace(FIRST, sha256="", etag="", version_id=""),) * 2 + (None, C),
        (FIRST, FileState(False, "Storage is busy."), None, C),
        (None, FIRST, 100, U),
        (None, FIRST, 99, D),
        (None, FIRST, None, C),
        (None, FIRST, 0, C),  # what CommBox sends where it does not know
        (None, replace(FIRST, size_bytes=None), 100, C),
    ],
)
def test_the_strongest_evidence_decides(
    first: FileState | None, now: FileState, reported: int | None, badge: FileBadge
) -> None:
    comparison = compare(first, now, reported)
    assert comparison.badge == badge
    assert comparison.sentence.endswith(".")


states = st.builds(
    FileState,
    st.just(True),
    st.just(""),
    st.none() | st.integers(0, 3),
    st.sampled_from(["", "a", "b"]),
    st.none(),
    st.sampled_from(["", "v"]),
    st.sampled_from(["", "x", "y"]),
)


@given(first=states, now=states)
def test_other_bytes_are_never_called_unchanged(first: FileState, now: FileState) -> None:
    if first.sha256 and now.sha256 and first.sha256 != now.sha256:
        assert compare(first, now, None).badge == D
    if first.size_bytes != now.size_bytes and not (first.sha256 and first.sha256 == now.sha256):
        assert compare(first, now, None).badge == D
