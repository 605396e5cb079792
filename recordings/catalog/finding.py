"""Find rows newest first, without the cliff: never walk far for what is rare, never sort all of what is common.

`ORDER BY shown_at DESC LIMIT 51` beside a word lets PostgreSQL choose between walking the newest-first index and
asking the word index; where it misjudges (a word only old rows have, two words that never meet) it walks everything.
So the number of rows decides, which the page must say anyway:

1. take up to 2,001 rows in any order. If there are no more than 2,000 that was all of them: order them, done;
2. else walk the newest 16,000 rows and keep what matches, which fills the page for whatever is spread over time;
3. else ask the word index for what is older, in spans of time that grow eightfold.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from recordings.catalog.criteria import NO_RECORDING, Criteria, filter_terms, word_terms

WALKED = 16_000
GROWTH = 8
COUNTED = 2_000
_COLUMNS = (
    "d.id, d.object_id, d.shown_at, d.files, d.duration_seconds, d.recording_type, d.state, d.worst_state"
)
SHORTEST_SPAN = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)  # the finest time PostgreSQL knows


class Place(NamedTuple):
    """A place in the order of the lists."""

    shown_at: datetime
    id: UUID


class Found(NamedTuple):
    """A row of search: a recording, or an object without any (`files` is 0)."""

    id: UUID
    object_id: int
    shown_at: datetime
    files: int
    duration_seconds: int | None
    recording_type: str
    state: str
    worst_state: str

    @property
    def place(self) -> Place:
        return Place(self.shown_at, self.id)


class Result(NamedTuple):
    """A page of rows, and how many rows there are in all, counted up to one more than COUNTED."""

    rows: list[Found]
    number: int


@dataclass(frozen=True)
class Where:
    """A condition and its values; an empty one holds for every row."""

    sql: str = ""
    values: tuple[Any, ...] = ()

    def __and__(self, other: "Where") -> "Where":
        both = " AND ".join(filter(None, [self.sql, other.sql]))
        return Where(both, self.values + other.values)

    def __bool__(self) -> bool:
        return bool(self.sql)

    def clause(self) -> str:
        return f"WHERE {self.sql}" if self.sql else ""


@dataclass(frozen=True)
class Search:
    """What to look for: `walked` is answered by the order of the lists itself, `sifted` row by row or by words."""

    walked: Where
    sifted: Where

    @classmethod
    def for_objects(cls, criteria: Criteria) -> "Search":
        """Each object once: by its newest recording, or the newest of those that the filters speak of."""
        if not criteria.looks_at_recordings:
            return cls(_walked(criteria) & Where("d.newest"), _sifted(criteria))
        return cls(_walked(criteria), _sifted(criteria) & _nothing_newer(criteria))

    @classmethod
    def for_recordings(cls, criteria: Criteria) -> "Search":
        return cls(_walked(criteria) & Where("d.has_recording"), _sifted(criteria))


def find(search: Search, limit: int, *, after: Place | None = None, newer: bool = False) -> Result:
    """The first rows in order behind a place (from the newest without one); with `newer` the order is upside down."""
    way = _Way(search, newer)
    if not search.sifted:
        rows = way.walk(after, limit, limit)
        return Result(rows, len(rows) if after is None and len(rows) < limit else count(search))
    number, few = way.take(after, limit)
    return Result(few if number <= COUNTED else way.look(after, limit), number)


def count(search: Search) -> int:
    """How many rows there are, counted up to one more than COUNTED."""
    everything = search.walked & search.sifted
    statement = (
        f"SELECT count(*) FROM (SELECT FROM recordings_searchdoc d {everything.clause()} LIMIT %s) found"  # noqa: S608
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*everything.values, COUNTED + 1])
        return int(cursor.fetchone()[0])


@dataclass(frozen=True)
class _Way:
    """One direction through the rows. Every SQL text is made of this file's own words; values travel beside it."""

    search: Search
    newer: bool

    @property
    def order(self) -> str:
        return "ORDER BY d.shown_at, d.id" if self.newer else "ORDER BY d.shown_at DESC, d.id DESC"

    def take(self, start: Place | None, limit: int) -> tuple[int, list[Found]]:
        """Take all that match, in any order and up to one more than COUNTED: their number, and where they are no
        more than COUNTED, the first of them in order. PostgreSQL takes them the cheapest way there is."""
        everything, behind = self.search.walked & self.search.sifted, self._behind(start)
        statement = f"""
            WITH d AS MATERIALIZED (SELECT {_COLUMNS} FROM recordings_searchdoc d {everything.clause()} LIMIT %s)
            SELECT n, f.* FROM (SELECT count(*) AS n FROM d) counted LEFT JOIN LATERAL (
                SELECT {_COLUMNS} FROM d {(Where("n <= %s", (COUNTED,)) & behind).clause()} {self.order} LIMIT %s
            ) f ON true"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, [*everything.values, COUNTED + 1, COUNTED, *behind.values, limit])
            rows = cursor.fetchall()
        return rows[0][0], [Found._make(row[1:]) for row in rows if row[1] is not None]

    def look(self, start: Place | None, limit: int) -> list[Found]:
        """The first of many: walk, and ask the word index where that leads nowhere."""
        found = self.walk(start, WALKED, limit)
        edge = self.edge(start, WALKED) if len(found) < limit else None
        return found + self.ask(start, edge, limit - len(found)) if edge else found

    def walk(self, start: Place | None, steps: int, limit: int) -> list[Found]:
        """Sift the next so many rows."""
        near = self.search.walked & self._behind(start)
        statement = f"""
            SELECT {_COLUMNS} FROM (SELECT d.* FROM recordings_searchdoc d {near.clause()} {self.order} LIMIT %s) d
            {self.search.sifted.clause()} {self.order} LIMIT %s"""  # noqa: S608
        return _rows(statement, [*near.values, steps, *self.search.sifted.values, limit])

    def edge(self, start: Place | None, steps: int) -> Place | None:
        """Where so many steps have led; None when the rows ended before."""
        near = self.search.walked & self._behind(start)
        statement = f"""
            SELECT d.shown_at, d.id FROM recordings_searchdoc d {near.clause()} {self.order} OFFSET %s LIMIT 1"""  # noqa: S608
        with connection.cursor() as cursor:
            cursor.execute(statement, [*near.values, steps - 1])
            row = cursor.fetchone()
        return Place(*row) if row else None

    def ask(self, start: Place | None, edge: Place, limit: int) -> list[Found]:
        """Ask the word index for what lies behind the edge, in spans of time that grow."""
        found: list[Found] = []
        for span in self._spans(start, edge):
            found += self._ask(self._behind(edge) & span, limit - len(found))
            if len(found) == limit:
                break
        return found

    def _spans(self, start: Place | None, edge: Place) -> Iterator[Where]:
        """The time behind the edge, cut so that each span is GROWTH times as long as the one before."""
        first, last = self._ends()
        begun, length = edge.shown_at, abs((start.shown_at if start else first) - edge.shown_at)
        while (length := max(length, SHORTEST_SPAN) * GROWTH) < abs(last - begun):
            ended = begun + length if self.newer else begun - length
            yield Where("d.shown_at BETWEEN %s AND %s", (min(begun, ended), max(begun, ended)))
            begun = ended + MOMENT if self.newer else ended - MOMENT
        yield Where("d.shown_at >= %s" if self.newer else "d.shown_at <= %s", (begun,))

    def _ends(self) -> tuple[datetime, datetime]:
        """The times of the first and the last row in this direction."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT max(shown_at), min(shown_at) FROM recordings_searchdoc")
            newest, oldest = cursor.fetchone()
        return (oldest, newest) if self.newer else (newest, oldest)

    def _behind(self, place: Place | None) -> Where:
        if place is None:
            return Where()
        return Where(f"(d.shown_at, d.id) {'>' if self.newer else '<'} (%s, %s)", place)

    def _ask(self, span: Where, limit: int) -> list[Found]:
        everything = self.search.walked & span & self.search.sifted
        # Materialised: all that match are taken and then put in order, so the word index is the way to them.
        statement = f"""
            WITH d AS MATERIALIZED (SELECT {_COLUMNS} FROM recordings_searchdoc d {everything.clause()})
            SELECT {_COLUMNS} FROM d {self.order} LIMIT %s"""  # noqa: S608
        return _rows(statement, [*everything.values, limit])


def _rows(statement: str, values: list[Any]) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(map(Found._make, cursor.fetchall()))


def _walked(criteria: Criteria) -> Where:
    """What an index in the order of the lists answers: one of agent and channel, and the dates."""
    where = _between(criteria)
    if criteria.agent is not None:
        return Where("d.agent_id = %s", (criteria.agent,)) & where
    return Where("d.stream_id = %s", (criteria.stream,)) & where if criteria.stream is not None else where


def _between(criteria: Criteria, row: str = "d") -> Where:
    since, until = criteria.since, criteria.until
    return (Where(f"{row}.shown_at >= %s", (since,)) if since else Where()) & (
        Where(f"{row}.shown_at < %s", (until,)) if until else Where()
    )


def _sifted(criteria: Criteria) -> Where:
    """What the word index answers, and the length."""
    walked_only = replace(
        criteria, agent=None, stream=criteria.stream if criteria.agent is not None else None
    )
    terms = [*word_terms(criteria.words), *filter_terms(walked_only)]
    where = Where("d.words @@ %s::tsquery", (" & ".join(terms),)) if terms else Where()
    return where & _of_length(criteria)


def _of_length(criteria: Criteria, row: str = "d") -> Where:
    shortest, longest = criteria.shortest, criteria.longest
    return (Where(f"{row}.duration_seconds >= %s", (shortest,)) if shortest is not None else Where()) & (
        Where(f"{row}.duration_seconds <= %s", (longest,)) if longest is not None else Where()
    )


def _nothing_newer(criteria: Criteria) -> Where:
    """Of several recordings of an object that pass the filters, only the newest stands for it."""
    terms = filter_terms(replace(criteria, agent=None, stream=None, status=None))
    same = Where("n.object_id = d.object_id AND (n.shown_at, n.id) > (d.shown_at, d.id)")
    of_words = Where("n.words @@ %s::tsquery", (" & ".join(terms),)) if terms else Where()
    newer = same & _between(criteria, "n") & _of_length(criteria, "n") & of_words
    sql = f"(d.files <= 1 OR NOT EXISTS (SELECT FROM recordings_searchdoc n WHERE {newer.sql}))"
    real = Where() if NO_RECORDING in criteria.states else Where("d.has_recording")
    return real & Where(sql, newer.values)
