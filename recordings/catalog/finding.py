"""Find rows newest first, without the cliff: never walk far for what is rare, never sort all of what is common.

`ORDER BY shown_at DESC LIMIT 51` beside a word lets PostgreSQL choose between walking the newest-first index and
asking the word index; where it misjudges (a word only old rows have, two words that never meet) it walks everything.
So the number of rows decides, which the page must say anyway:

1. take up to 2,001 rows in any order. If there are no more than 2,000 that was all of them: order them, done;
2. else walk the newest 16,000 rows and keep what matches, which fills the page for whatever is spread over time;
3. else ask the word index for what is older, in spans of time that grow eightfold.

That a search has more than 2,000 rows takes longest to learn and hardly ever ends, so it is remembered for a while.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from recordings.catalog.conditions import Search, Where
from recordings.db import fetch_all
from recordings.paging import COUNTED, TimeKey
from recordings.timed import TimedValue

WALKED = 16_000
GROWTH = 8
SHORTEST_SPAN = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)  # the finest time PostgreSQL knows
REMEMBERED, REMEMBERED_FOR = 1_000, 600  # searches, seconds
# Searches that had more than COUNTED rows a while ago. Rows are hardly ever taken away.
_many = TimedValue[set[Search]](REMEMBERED_FOR)

_OWN = "d.id, d.object_id, d.shown_at, d.files, d.duration_seconds, d.recording_type, d.state, d.worst_state"
# Names are looked up for the rows of the page only, never for those it is chosen from.
_NAMED = f"{_OWN}, o.customer_name, o.customer_phone, o.refreshed_at, s.id, s.name, o.agent_id, coalesce(a.name, '')"
_NAMES = """
    JOIN recordings_commboxobject o ON o.id = d.object_id
    JOIN recordings_stream s ON s.id = o.stream_id
    LEFT JOIN recordings_agent a ON a.id = o.agent_id"""


class SearchRow(NamedTuple):
    """A row of search: a recording, or an object without any (`files` is 0), with the names around it."""

    id: UUID
    object_id: int
    shown_at: datetime
    files: int
    duration_seconds: int | None
    recording_type: str
    state: str
    worst_state: str
    customer_name: str
    customer_phone: str
    refreshed_at: datetime | None
    stream_id: int
    stream_name: str
    agent_id: int | None
    agent_name: str

    @property
    def key(self) -> TimeKey:
        return TimeKey(self.shown_at, self.id)


class SearchResult(NamedTuple):
    """Rows in order, and how many there are in all, counted up to one more than COUNTED."""

    rows: list[SearchRow]
    number: int


def find(search: Search, limit: int, *, after: TimeKey | None = None, newer: bool = False) -> SearchResult:
    """Find the first rows in order behind a key (from the newest without one); with `newer` in reverse order."""
    direction = _Direction(search, newer)
    many = _many.get() or _many.set(set())
    if search in many:
        return SearchResult(direction.select_of_many(after, limit), COUNTED + 1)
    if not search.sifted:
        rows = direction.walk(after, limit, limit)
        number = len(rows) if after is None and len(rows) < limit else count(search)
    else:
        number, rows = direction.select_of_few(after, limit)
    if number <= COUNTED:
        return SearchResult(rows, number)
    if len(many) >= REMEMBERED:
        many.clear()
    many.add(search)
    return SearchResult(direction.select_of_many(after, limit) if search.sifted else rows, number)


def count(search: Search) -> int:
    """Count the rows that match, up to one more than COUNTED."""
    everything = search.walked & search.sifted
    return int(
        fetch_all(
            connection,
            f"SELECT count(*) FROM (SELECT FROM recordings_searchdoc d {everything.clause()} LIMIT %s) found",  # noqa: S608
            [*everything.values, COUNTED + 1],
        )[0][0]
    )


@dataclass(frozen=True)
class _Direction:
    """One direction through the rows. Every SQL text is made of this file's own words; values travel beside it."""

    search: Search
    newer: bool

    @property
    def order(self) -> str:
        return "ORDER BY d.shown_at, d.id" if self.newer else "ORDER BY d.shown_at DESC, d.id DESC"

    def select_of_few(self, start: TimeKey | None, limit: int) -> tuple[int, list[SearchRow]]:
        """Select all that match, in any order and up to one more than COUNTED, which is cheapest.

        Returns their number and, where they are no more than COUNTED, the first of them in order.
        """
        everything = self.search.walked & self.search.sifted
        few = Where("n <= %s", (COUNTED,)) & self._behind(start)
        statement = f"""
            WITH d AS MATERIALIZED (SELECT {_OWN} FROM recordings_searchdoc d {everything.clause()} LIMIT %s)
            SELECT n, page.* FROM (SELECT count(*) AS n FROM d) counted LEFT JOIN LATERAL (
                {self._named(f"SELECT * FROM d {few.clause()} {self.order} LIMIT %s")}
            ) page ON true"""  # noqa: S608
        rows = fetch_all(connection, statement, [*everything.values, COUNTED + 1, *few.values, limit])
        return rows[0][0], [SearchRow._make(row[1:]) for row in rows if row[1] is not None]

    def select_of_many(self, start: TimeKey | None, limit: int) -> list[SearchRow]:
        """Select the first of many: walk, and where that does not fill the page, ask the word index for older ones."""
        rows = self.walk(start, WALKED, limit)
        edge = self.edge(start, WALKED) if len(rows) < limit else None
        return rows + self.select_beyond(edge, start, limit - len(rows)) if edge else rows

    def walk(self, start: TimeKey | None, steps: int, limit: int) -> list[SearchRow]:
        """Select what matches of the next so many rows."""
        near, sifted = self.search.walked & self._behind(start), self.search.sifted
        rows = f"""
            SELECT {_OWN} FROM (SELECT d.* FROM recordings_searchdoc d {near.clause()} {self.order} LIMIT %s) d
            {sifted.clause()} {self.order} LIMIT %s"""  # noqa: S608
        return _fetch(self._named(rows), [*near.values, steps, *sifted.values, limit])

    def edge(self, start: TimeKey | None, steps: int) -> TimeKey | None:
        """The key of the row so many steps on; None when the rows end before."""
        near = self.search.walked & self._behind(start)
        statement = f"SELECT d.shown_at, d.id FROM recordings_searchdoc d {near.clause()} {self.order}"  # noqa: S608
        rows = fetch_all(connection, f"{statement} OFFSET %s LIMIT 1", [*near.values, steps - 1])
        return TimeKey(*rows[0]) if rows else None

    def select_beyond(self, edge: TimeKey, start: TimeKey | None, limit: int) -> list[SearchRow]:
        """Select from the word index what lies behind the edge, in spans of time that grow."""
        selected: list[SearchRow] = []
        for span in self._spans(start, edge):
            everything = self.search.walked & self._behind(edge) & span & self.search.sifted
            # Materialised: all that match are taken and then put in order, so the word index is the way to them.
            rows = f"""
                WITH d AS MATERIALIZED (SELECT {_OWN} FROM recordings_searchdoc d {everything.clause()})
                SELECT * FROM d {self.order} LIMIT %s"""  # noqa: S608
            selected += _fetch(self._named(rows), [*everything.values, limit - len(selected)])
            if len(selected) == limit:
                break
        return selected

    def _spans(self, start: TimeKey | None, edge: TimeKey) -> Iterator[Where]:
        """The time behind the edge, cut so that each span is GROWTH times as long as the one before."""
        # The times of the first and the last row in this direction.
        ((newest, oldest),) = fetch_all(
            connection, "SELECT max(shown_at), min(shown_at) FROM recordings_searchdoc", []
        )
        first, last = (oldest, newest) if self.newer else (newest, oldest)
        begun, length = edge.shown_at, abs((start.shown_at if start else first) - edge.shown_at)
        while (length := max(length, SHORTEST_SPAN) * GROWTH) < abs(last - begun):
            ended = begun + length if self.newer else begun - length
            yield Where("d.shown_at BETWEEN %s AND %s", (min(begun, ended), max(begun, ended)))
            begun = ended + MOMENT if self.newer else ended - MOMENT
        yield Where("d.shown_at >= %s" if self.newer else "d.shown_at <= %s", (begun,))

    def _behind(self, key: TimeKey | None) -> Where:
        if key is None:
            return Where()
        return Where(f"(d.shown_at, d.id) {'>' if self.newer else '<'} (%s, %s)", key)

    def _named(self, rows: str) -> str:
        return f"SELECT {_NAMED} FROM ({rows}) d {_NAMES} {self.order}"  # noqa: S608


def _fetch(statement: str, values: list[Any]) -> list[SearchRow]:
    return list(map(SearchRow._make, fetch_all(connection, statement, values)))
