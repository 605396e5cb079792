"""A list is walked page by page, down and up again, without losing or repeating a row."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.paging import (
    BY_NUMBER,
    NEWEST,
    PAGE,
    Page,
    Start,
    TimeKey,
    number_in,
    start_by_number,
    start_by_time,
)

MOMENT = datetime(2026, 11, 20, 9, 14, 22, 123456, UTC)


def read(rows: int, start: Start[int]) -> Page[int, int]:
    """A page of the numbers from `rows` down to 1."""
    if start.newer and start.key is not None:
        found = list(range(start.key + 1, rows + 1))
    else:
        found = list(range((rows + 1 if start.key is None else start.key) - 1, 0, -1))
    return Page.cut(found[: PAGE + 1], start, int, rows)


@given(st.integers(0, 4 * PAGE))
def test_down_and_up_again(rows: int) -> None:
    page = read(rows, NEWEST)
    assert page.newer is None
    pages = [page.rows]
    while page.older is not None:
        page = read(rows, Start(page.older))
        pages.append(page.rows)
    assert [row for rows_shown in pages for row in rows_shown] == list(range(rows, 0, -1))
    for shown in reversed(pages[:-1]):
        assert page.newer is not None
        page = read(rows, Start(page.newer, newer=True))
        assert page.rows == shown
    assert page.newer is None


@pytest.mark.parametrize(
    ("rows", "count", "words"),
    [
        ([], 0, "No events"),
        ([1], 1, "Shown 1 of 1 event"),
        ([1, 2], 2001, "Shown 2 of more than 2,000 events"),
    ],
)
def test_it_says_how_many_there_are(rows: list[int], count: int, words: str) -> None:
    assert Page.cut(rows, NEWEST, int, count).shown("events") == words


def test_the_addresses_beside_it() -> None:
    assert Page([5, 4], newer=5, older=4).urls(BY_NUMBER, "q=a", "/audit/") == {
        "older_url": "/audit/?q=a&before=4",
        "newer_url": "/audit/?q=a&after=5",
    }
    assert Page([5], older=5).urls(BY_NUMBER) == {"older_url": "?before=5", "newer_url": ""}


@given(st.datetimes(datetime(1, 1, 1), datetime(5000, 1, 1), timezones=st.just(UTC)), st.uuids())
def test_a_key_by_time_survives_an_address(moment: datetime, row: UUID) -> None:
    key = TimeKey(moment, row)
    assert start_by_time({"older": str(key)}) == Start(key)
    assert start_by_time({"newer": str(key), "older": "x"}) == Start(key, newer=True)


@pytest.mark.parametrize("text", ["", "x", "1.2", f"-{'9' * 17}.{'0' * 32}", f"1.{'G' * 32}"])
def test_what_is_no_key_begins_at_the_newest_row(text: str) -> None:
    starts = {start_by_time({"older": text}), start_by_time({"newer": text})}
    assert starts == {NEWEST}


@pytest.mark.parametrize("text", ["", "x", "-1", "0", "1.0", "٣", "9" * 19])
def test_what_is_no_number_begins_at_the_newest_row(text: str) -> None:
    assert start_by_number({"before": text}) == start_by_number({"after": text}) == NEWEST
    assert number_in({"size": text}, "size") == 0


def test_numbers_begin_a_page() -> None:
    assert start_by_number({"before": "12"}) == Start(12)
    assert start_by_number({"before": "12", "after": "7"}) == Start(7, newer=True)
