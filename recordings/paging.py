"""Keyset pages of a list, newest first: read from a key on, one row more than a page has, and cut.

The key of the first or last row is where the next page starts, so no page skips rows from the beginning. Rows are
counted up to COUNTED.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.utils.translation import gettext, gettext_noop, ngettext

PAGE = 50
COUNTED = 2_000
# Names of the keys in a query string: of the older page, and of the newer one.
BY_NUMBER = ("before", "after")
BY_TIME = ("older", "newer")

# By what a list has: the messages for none, for more than were counted, and for a number.
_SHOWN: dict[str, tuple[str, str, Callable[[int], str]]] = {
    "events": (
        gettext_noop("No events"),
        gettext_noop("Shown %(number)s of more than %(total)s events"),
        lambda n: ngettext("Shown %(number)s of %(total)s event", "Shown %(number)s of %(total)s events", n),
    ),
    "evaluations": (
        gettext_noop("No evaluations"),
        gettext_noop("Shown %(number)s of more than %(total)s evaluations"),
        lambda n: ngettext(
            "Shown %(number)s of %(total)s evaluation", "Shown %(number)s of %(total)s evaluations", n
        ),
    ),
    "people": (
        gettext_noop("Nobody found"),
        gettext_noop("Shown %(number)s of more than %(total)s people"),
        lambda n: ngettext("Shown %(number)s of %(total)s person", "Shown %(number)s of %(total)s people", n),
    ),
    "checkpoints": (
        gettext_noop("No checkpoints"),
        gettext_noop("Shown %(number)s of more than %(total)s checkpoints"),
        lambda n: ngettext(
            "Shown %(number)s of %(total)s checkpoint", "Shown %(number)s of %(total)s checkpoints", n
        ),
    ),
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIME_KEY = re.compile(r"(-?\d{1,17})\.([0-9a-f]{32})\Z")

Row = TypeVar("Row")
Other = TypeVar("Other")
Key = TypeVar("Key")


class TimeKey(NamedTuple):
    """A position in a list by time; rows of the same time are ordered by id."""

    shown_at: datetime
    id: UUID

    def __str__(self) -> str:
        """Write the key for a query string: microseconds since 1970, and the row's id."""
        return f"{(self.shown_at - _EPOCH) // timedelta(microseconds=1)}.{self.id.hex}"


@dataclass(frozen=True)
class Start(Generic[Key]):
    """Where a page starts: after `key`, or before it with `newer`; without a key at the newest row."""

    key: Key | None = None
    newer: bool = False


NEWEST: Start[Any] = Start()


@dataclass(frozen=True)
class Page(Generic[Row, Key]):
    """The rows of a page, and the keys of the next pages, None where there is none.

    `count`: of the whole list, at most COUNTED; `capped`: there are more. `hint`: why the search was not run.
    `looked_back_to`: the search stopped there because of its time limit; older rows are neither shown nor counted.
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
        """Cut a page of `most` rows (PAGE) from up to one more, read from `start`. `count` may exceed COUNTED."""
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
        """Return the page with other rows, such as what is shown of them."""
        return Page(rows, self.newer, self.older, self.count, self.capped, self.hint, self.looked_back_to)

    def shown(self, things: str, number: int | None = None) -> str:
        """Say how many of how many `things`, a key of _SHOWN, the page shows. `number`: of things, if not of rows."""
        none, more, counted = _SHOWN[things]
        if not self.rows:
            return gettext(none)
        message = gettext(more) if self.capped else counted(self.count)
        number = len(self.rows) if number is None else number
        return message % {"number": f"{number:,}", "total": f"{self.count:,}"}

    def urls(self, names: tuple[str, str], query: str = "", path: str = "") -> dict[str, str]:
        """Return the addresses for parts/_pager.html. `query`: the list's other parameters, without a "?"."""
        older, newer = names
        base = f"{path}?{query}&" if query else f"{path}?"
        return {
            "older_url": f"{base}{older}={self.older}" if self.older is not None else "",
            "newer_url": f"{base}{newer}={self.newer}" if self.newer is not None else "",
        }


def start_by_number(query: Mapping[str, Any]) -> Start[int]:
    """Read from a query string where a page starts; without a valid number at the newest row."""
    before, after = (number_in(query, name) for name in BY_NUMBER)
    return Start(after, newer=True) if after else Start(before or None)


def start_by_time(query: Mapping[str, Any]) -> Start[TimeKey]:
    """Read from a query string where a page starts; without a valid key at the newest row."""
    older, newer = (query.get(name, "") for name in BY_TIME)
    key = _time_key(newer or older)
    return Start(key, newer=bool(newer) and key is not None)


def number_in(query: Mapping[str, Any], name: str) -> int:
    """Return a whole number from a query string; 0 when it is not one, or is longer than any id."""
    text = query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _time_key(text: str) -> TimeKey | None:
    found = _TIME_KEY.match(text)
    try:
        return TimeKey(_EPOCH + timedelta(microseconds=int(found[1])), UUID(found[2])) if found else None
    except OverflowError:
        return None
