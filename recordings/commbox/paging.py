"""Walk through a stream's objects in a window, page by page, each object once. Large windows are split in halves."""

from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import timedelta
from itertools import count
from math import ceil, floor
from typing import Literal

from recordings.commbox.records import ObjectItem, Parsed, Window

Order = Literal["createdtime", "closedtime", "prioritytime", "updatedtime"]
Fetch = Callable[[dict[str, str]], Parsed[ObjectItem]]

PAGE_SIZE = 100  # CommBox's maximum
MAX_PAGES = 50  # pages of one window before it is split
SMALLEST_WINDOW = timedelta(seconds=2)


def walk_pages(
    fetch: Fetch, window: Window, *, order: Order, filters: Mapping[str, str], max_pages: int = MAX_PAGES
) -> Iterator[Parsed[ObjectItem]]:
    """Yield pages of objects not seen before. A window of more than `max_pages` pages is split in halves."""
    seen: set[int] = set()
    windows = [window]
    while windows:
        current = windows.pop()
        limit = max_pages if current.end - current.start > SMALLEST_WINDOW else None
        ended = yield from _pages(fetch, _query(current, order, filters), seen, limit)
        if not ended:
            middle = current.start + (current.end - current.start) / 2
            windows += [Window(middle, current.end), Window(current.start, middle)]


def _pages(
    fetch: Fetch, query: dict[str, str], seen: set[int], limit: int | None
) -> Generator[Parsed[ObjectItem], None, bool]:
    """Yield pages until one is short or has nothing new. Return whether that happened before page `limit`."""
    in_window: set[int] = set()
    problems: list[str] = []
    for number in count():
        if number == limit:
            return False
        page = fetch({**query, "pageNumber": str(number)})
        ids = {item.object_id for item in page.items}
        page_problems = [problem.excerpt for problem in page.problems]
        has_new = bool(ids - in_window) or (bool(page_problems) and page_problems != problems)
        in_window |= ids
        problems = page_problems
        if has_new:
            yield Parsed(_unseen(page.items, seen), page.problems)
        if not has_new or len(page.items) + len(page.problems) < PAGE_SIZE:
            return True
    raise AssertionError("count() does not end")


def _unseen(items: list[ObjectItem], seen: set[int]) -> list[ObjectItem]:
    new: dict[int, ObjectItem] = {}
    for item in items:
        if item.object_id not in seen:
            new[item.object_id] = item
    seen.update(new)
    return list(new.values())


def _query(window: Window, order: Order, filters: Mapping[str, str]) -> dict[str, str]:
    return {
        "unixStartTime": str(floor(window.start.timestamp())),
        "unixEndTime": str(ceil(window.end.timestamp())),
        "order": order,
        "sort": "asc",
        "pageSize": str(PAGE_SIZE),
        **filters,
    }
