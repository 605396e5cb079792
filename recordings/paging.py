"""A page of a list in the order of a key, newest first: read from a key on, one row more than is shown, and cut.

The key of the first or last row shown is where the page before or behind begins, so no page is counted out from the
start. How many rows there are is counted up to a limit: beyond it nobody turns pages one by one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

PAGE = 50
COUNTED = 2_000
# The names of a key in an address: of the page behind this one, and of the page before it.
BY_NUMBER = ("before", "after")
BY_TIME = ("older", "newer")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_KEY = re.compile(r"(-?\d{1,17})\.([0-9a-f]{32})\Z")

Row = TypeVar("Row")
Other = TypeVar("Other")
Key = TypeVar("Key")


class TimeKey(NamedTuple):
    """A place in a list by time; rows of the same moment are told apart by their ids."""

    shown_at: datetime
    id: UUID

    def __str__(self) -> str:
        """As an address holds it: microseconds since 1970, and the row."""
        return f"{(self.shown_at - _EPOCH) // timedelta(microseconds=1)}.{self.id.hex}"


@dataclass(frozen=True)
class Start(Generic[Key]):
    """Where a page begins: behind `key`, or with `newer` before it; without a key at the newest row."""

    key: Key | None = None
    newer: bool = False


NEWEST: Start[Any] = Start()


@dataclass(frozen=True)
class Page(Generic[Row, Key]):
    """The rows of a page, and the keys to go on from; None where there is nothing more that way.

    `count` is of the whole list, up to COUNTED; `capped` says that there are more. `hint` says why nothing could be
    looked for. `looked_back_to`: the search stopped there for its time; what is older is neither shown nor counted.
    """

    rows: list[Row]
    newer: Key | None = None
    older: Key | None = None
    count: int = 0
    capped: bool = False
    hint: str = ""
    looked_back_to: datetime | None = None

    @classmethod
    def cut(
        cls,
        found: Sequence[Row],
        start: Start[Key],
        key_of: Callable[[Row], Key],
        count: int = 0,
        most: int | None = None,
    ) -> "Page[Row, Key]":
        """The page out of up to `most` + 1 rows (PAGE + 1), read from `start` on. `count` may exceed COUNTED."""
        most = PAGE if most is None else most
        more, rows = len(found) > most, list(found[:most])
        if start.newer:
            rows.reverse()
        has_newer = more if start.newer else start.key is not None
        has_older = more or start.newer
        return cls(
            rows,
            newer=key_of(rows[0]) if rows and has_newer else None,
            older=key_of(rows[-1]) if rows and has_older else None,
            count=min(count, COUNTED),
            capped=count > COUNTED,
        )

    def showing(self, rows: list[Other]) -> "Page[Other, Key]":
        """The same page with what is shown for its rows."""
        return Page(rows, self.newer, self.older, self.count, self.capped, self.hint, self.looked_back_to)

    @property
    def total(self) -> str:
        """How many there are, in words."""
        return f"more than {self.count:,}" if self.capped else f"{self.count:,}"

    def shown(self, things: str) -> str:
        """How many of how many `things` the page shows: a plural that ends in s."""
        if not self.rows:
            return f"No {things}"
        unit = things.removesuffix("s") if self.count == 1 and not self.capped else things
        return f"Shown {len(self.rows):,} of {self.total} {unit}"

    def urls(self, names: tuple[str, str], query: str = "", path: str = "") -> dict[str, str]:
        """The addresses that parts/_pager.html takes. `query`: what else the list is asked for, without its "?"."""
        older, newer = names
        base = f"{path}?{query}&" if query else f"{path}?"
        return {
            "older_url": f"{base}{older}={self.older}" if self.older is not None else "",
            "newer_url": f"{base}{newer}={self.newer}" if self.newer is not None else "",
        }


def start_by_number(query: Mapping[str, Any]) -> Start[int]:
    """Where the numbers of a query string begin a page; what is no number begins at the newest row."""
    before, after = (number_in(query, name) for name in BY_NUMBER)
    return Start(after, newer=True) if after else Start(before or None)


def start_by_time(query: Mapping[str, Any]) -> Start[TimeKey]:
    """Where the keys of a query string begin a page; what is no key begins at the newest row."""
    older, newer = (query.get(name, "") for name in BY_TIME)
    key = _time_key(newer or older)
    return Start(key, newer=bool(newer) and key is not None)


def number_in(query: Mapping[str, Any], name: str) -> int:
    """A whole number of a query string; 0 for what is none, or is longer than any id."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _time_key(text: str) -> TimeKey | None:
    found = _TIME_KEY.match(text)
    try:
        return TimeKey(_EPOCH + timedelta(microseconds=int(found[1])), UUID(found[2])) if found else None
    except OverflowError:
        return None
