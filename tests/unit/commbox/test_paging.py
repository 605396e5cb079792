"""Walking a stream: every object once, an end to every walk, big windows in halves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.commbox.paging import PAGE_SIZE, walk_pages
from recordings.commbox.parsing.objects import parse_objects
from recordings.commbox.records import ObjectItem, Parsed, Problem, Window
from tests.thorough import examples
from tests.unit.commbox.examples import conversation

START = datetime(2026, 5, 1, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
SECONDS = 86_400


ITEM = parse_objects([conversation()]).items[0]


def _item(number: int) -> ObjectItem:
    return replace(ITEM, object_id=number)


class Source:
    """A stream whose object number n was created n // per_second seconds into the window; both ends included."""

    def __init__(self, count: int, per_second: int = 1) -> None:
        self.created = {number + 1: number // per_second for number in range(count)}
        self.queries: list[dict[str, str]] = []

    def __call__(self, query: dict[str, str]) -> Parsed[ObjectItem]:
        self.queries.append(query)
        origin = int(START.timestamp())
        start, end = int(query["unixStartTime"]) - origin, int(query["unixEndTime"]) - origin
        found = [number for number, second in self.created.items() if start <= second <= end]
        page = int(query["pageNumber"]) * PAGE_SIZE
        return Parsed([_item(number) for number in found[page : page + PAGE_SIZE]], [])


def ids(pages: list[Parsed[ObjectItem]]) -> list[int]:
    return [item.object_id for page in pages for item in page.items]


def run(fetch: Any, window: Window = DAY, **options: Any) -> list[Parsed[ObjectItem]]:
    return list(walk_pages(fetch, window, **{"order": "createdtime", "filters": {}, **options}))


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (1, 1), (99, 1), (100, 2), (101, 2), (250, 3)])
def test_pages_until_one_is_short(count: int, pages: int) -> None:
    source = Source(count)
    assert ids(run(source)) == list(range(1, count + 1))
    assert [query["pageNumber"] for query in source.queries] == [str(number) for number in range(pages)]


def test_what_is_asked() -> None:
    source = Source(1)
    half = timedelta(milliseconds=500)
    run(source, Window(DAY.start + half, DAY.end + half), order="updatedtime", filters={"status": "1,8"})
    assert source.queries == [
        {
            "unixStartTime": str(int(DAY.start.timestamp())),
            "unixEndTime": str(int(DAY.end.timestamp()) + 1),
            "order": "updatedtime",
            "sort": "asc",
            "pageSize": "100",
            "status": "1,8",
            "pageNumber": "0",
        }
    ]


def test_a_source_that_repeats_its_last_page_ends() -> None:
    full = Parsed([_item(number) for number in range(1, 101)], [])
    calls: list[dict[str, str]] = []
    assert len(ids(run(lambda query: calls.append(query) or full))) == 100  # type: ignore[func-returns-value]
    assert len(calls) == 2


def test_a_source_that_repeats_bad_items_ends() -> None:
    bad = Parsed([], [Problem("bad", "x", number) for number in range(100)])
    pages = run(lambda query: bad)
    assert [len(page.problems) for page in pages] == [100]


def test_bad_items_count_for_the_length_of_a_page() -> None:
    first = Parsed([_item(number) for number in range(1, 100)], [Problem("bad", "x", 99)])
    second = Parsed([_item(200)], [])
    assert ids(run(lambda query: [first, second][int(query["pageNumber"])])) == [*range(1, 100), 200]


def test_an_object_on_two_pages_is_given_once() -> None:
    pages = [[*range(1, 101)], [100, 101]]
    fetch = lambda query: Parsed([_item(n) for n in pages[int(query["pageNumber"])]], [])  # noqa: E731
    assert ids(run(fetch)) == list(range(1, 102))


@settings(max_examples=examples(40), deadline=None)
@given(count=st.integers(0, 500), per_second=st.integers(1, 300), max_pages=st.integers(1, 4))
def test_a_window_of_too_many_pages_is_walked_in_halves_and_loses_nothing(
    count: int, per_second: int, max_pages: int
) -> None:
    source = Source(count, per_second)
    found = ids(run(source, max_pages=max_pages))
    assert sorted(found) == list(range(1, count + 1))


def test_each_half_is_asked_from_page_0_oldest_first() -> None:
    source = Source(SECONDS // 100, 1)
    source.created = {number: number * 100 for number in range(864)}
    source.created.pop(0)
    found = ids(run(source, max_pages=3))
    assert sorted(found) == list(range(1, 864))
    assert max(int(query["pageNumber"]) for query in source.queries) == 2


@pytest.mark.parametrize(
    "window", [(START, START - timedelta(seconds=1)), (START.replace(tzinfo=None), START)]
)
def test_a_window_must_make_sense(window: tuple[datetime, datetime]) -> None:
    with pytest.raises(ValueError, match="A window"):
        Window(*window)
