"""Which leaves a bundle ships, so that an outsider sees by counters and indices that none is missing."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, LiteralString

from pydantic_core import from_json

from recordings.evidence.errors import TooMuch
from recordings.evidence.scope import ALL, TARGET, Scope
from recordings.sealing.entries import stamp

LIMIT = 50_000
# Events are sealed when they are committed, recorded a little before: that much is looked at on both sides of a period.
GUARD = timedelta(seconds=60)
_PAGE = 500

_OF_TAG: dict[str, LiteralString] = {
    TARGET: "SELECT n, entry FROM audit.leaf WHERE obj = %s AND n < %s ORDER BY obj_n LIMIT %s",
    "actor": "SELECT n, entry FROM audit.leaf WHERE act = %s AND n < %s ORDER BY act_n LIMIT %s",
}
_RANGE = "SELECT n, entry FROM audit.leaf WHERE n >= %s AND n <= %s ORDER BY n"
_BACK = "SELECT n, entry FROM audit.leaf WHERE n <= %s ORDER BY n DESC LIMIT %s"
_WITHIN = """
SELECT min(found.n), max(found.n), count(*) FROM (
    SELECT l.n FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
    WHERE l.n < %s AND e.recorded_at >= %s AND e.recorded_at < %s LIMIT %s
) AS found
"""
_BEFORE = """
SELECT l.n FROM audit.event e JOIN audit.leaf l ON l.event_no = e.id
WHERE l.n < %s AND e.recorded_at < %s ORDER BY e.recorded_at DESC, e.id DESC LIMIT 1
"""


@dataclass(frozen=True)
class Population:
    """Indices, ascending: the leaves that make a bundle complete, and those of them that are rows of its table."""

    leaves: list[int]
    rows: list[int]


def select(connection: Any, scope: Scope, tag: bytes, size: int) -> Population:
    """The leaves of a scope in the log of this size, whose last leaf is a manifest; `tag` is the scope's own, unused
    for everybody's events. A manifest speaks of the leaves before it, so a tag's leaves end there as well.

    Raises TooMuch, with what to narrow, when they are more than a bundle carries.
    """
    if scope.kind == ALL:
        first, last = _bounds(connection, scope, size)
        if last - first >= LIMIT:
            raise TooMuch(_TOO_LONG)
        found = _fetch(connection, _RANGE, first, last)
    else:
        found = _fetch(connection, _OF_TAG[scope.kind], tag, size - 1, LIMIT + 1)
    recorded = {n: str(from_json(entry)["r"]) for n, entry in found}
    if len(recorded) > LIMIT:
        raise TooMuch(_TOO_BUSY.format(ref=scope.ref))
    return Population(list(recorded), [n for n, when in recorded.items() if scope.holds(when)])


_TOO_LONG = (
    f"A bundle carries at most {LIMIT:,} events and this period has more. Take a shorter period, or several bundles "
    "of one period each: they prove as much together."
)
_TOO_BUSY = (
    f"{{ref}} has more than {LIMIT:,} events, and a bundle about one person or thing carries all of them whatever the "
    "period. Ask for the period as a whole, without naming anybody, or for CSV."
)


def _bounds(connection: Any, scope: Scope, size: int) -> tuple[int, int]:
    """First and last leaf of an unbroken range that nothing of the scope's time lies outside of."""
    if scope.since is None and scope.until is None:
        return 0, size - 1
    first, last = _within(connection, scope, size)
    begin = _guard_before(connection, first, stamp(scope.since - GUARD)) if scope.since else 0
    end = _guard_after(connection, last, stamp(scope.until + GUARD), size) if scope.until else size - 1
    return begin, end


def _within(connection: Any, scope: Scope, size: int) -> tuple[int, int]:
    """The outermost leaves recorded within the scope's time; of none, the leaf before it."""
    since, until = scope.since or "-infinity", scope.until or "infinity"
    ((first, last, count),) = _fetch(connection, _WITHIN, size, since, until, LIMIT + 1)
    if count > LIMIT:
        raise TooMuch(_TOO_LONG)
    if first is None:
        edge = scope.since or scope.until
        before = _fetch(connection, _BEFORE, size, edge)
        first = last = before[0][0] if before else 0
    return first, last


def _guard_before(connection: Any, first: int, moment: str) -> int:
    """The nearest leaf at or before `first` that was recorded before the moment; 0 when there is none."""
    for n, entry in _backwards(connection, first):
        if str(from_json(entry)["r"]) < moment:
            return n
        if first - n > LIMIT:
            raise TooMuch(_TOO_LONG)
    return 0


def _guard_after(connection: Any, last: int, moment: str, size: int) -> int:
    """The nearest leaf at or after `last` that was recorded after the moment; the newest when there is none."""
    for n, entry in _forwards(connection, last, size):
        if str(from_json(entry)["r"]) > moment:
            return n
        if n - last > LIMIT:
            raise TooMuch(_TOO_LONG)
    return size - 1


def _backwards(connection: Any, start: int) -> Iterator[tuple[int, bytes]]:
    while start >= 0:
        yield from _fetch(connection, _BACK, start, _PAGE)
        start -= _PAGE


def _forwards(connection: Any, start: int, size: int) -> Iterator[tuple[int, bytes]]:
    for at in range(start, size, _PAGE):
        yield from _fetch(connection, _RANGE, at, min(at + _PAGE, size) - 1)


def _fetch(connection: Any, statement: LiteralString, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
