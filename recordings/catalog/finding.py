"""Find rows newest first, without reading every row that contains a word.

The word index holds each word once per month (text.py), so a lookup costs only the rows of one month. A search goes
through the months, newest first, and stops as soon as it knows enough:

1. It collects up to 2,001 rows, month by month, in any order within a month. If there are at most 2,000, these are all
   rows, and they are sorted. A search with more is remembered for a while. With several words it begins at the newest
   month that has each of them: a lookup of a word that a month does not have costs next to nothing.
2. If there are more, the rows of all months except the last one reached are complete, so the page is their first rows.
3. If these do not fill the page, the last month has so many rows that walking it in order soon fills the page.

A search with more than 2,000 rows usually has them spread over time, so the newest rows are walked first.

A search without matches costs most, because it looks at every month. One that takes too long stops at a month, returns
what it has found, and says how far back it has looked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from recordings.catalog.conditions import Search, of_terms_in_own_month
from recordings.catalog.months import month_of
from recordings.catalog.text import MONTH
from recordings.db import Where, fetch_all
from recordings.models import RecordingState
from recordings.paging import COUNTED, TimeKey
from recordings.timed import TimedValue

WALKED = 1_000  # rows: enough to fill a page when one row in twenty matches
PATIENCE = 15  # milliseconds after which no other month is started
HURRIED_FROM = 500_000  # rows in total; fewer are searched in no time
REMEMBERED, REMEMBERED_FOR = 1_000, 600  # searches, seconds
# Searches that recently had more than COUNTED rows, and whether the newest rows filled a page. Rows are hardly ever
# removed.
_many = TimedValue[dict[Search, bool]](REMEMBERED_FOR)

_OWN = "d.id, d.object_id, d.shown_at, d.files, d.duration_seconds, d.recording_type, d.state, d.worst_state"
# Names are read only for the rows of the page.
_UNCHECKED = f"r.state = '{RecordingState.PLAYABLE}' AND r.file_badge = ''"
_NAMED = f"""{_OWN}, o.customer_name, o.customer_phone, o.refreshed_at, s.id, s.name, o.agent_id, coalesce(a.name, ''),
    o.sensitivity,
    EXISTS (SELECT FROM recordings_recording r WHERE r.id = d.id AND {_UNCHECKED}),
    EXISTS (SELECT FROM recordings_recording r WHERE r.object_id = d.object_id AND {_UNCHECKED})"""  # noqa: S608  (our own words; values are parameters)
_NAMES = """
    JOIN recordings_commboxobject o ON o.id = d.object_id
    JOIN recordings_stream s ON s.id = o.stream_id
    LEFT JOIN recordings_agent a ON a.id = o.agent_id"""


class SearchRow(NamedTuple):
    """A search row: a recording, or an object without recordings (`files` is 0), with names.

    `is_unchecked`: CommBox reports it as playable, but its file was not checked yet. `has_unchecked`: its object has
    such a recording.
    """

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
    sensitivity: str
    is_unchecked: bool
    has_unchecked: bool

    @property
    def key(self) -> TimeKey:
        return TimeKey(self.shown_at, self.id)


class SearchResult(NamedTuple):
    """Rows in order, and their total number, counted up to one more than COUNTED.

    `looked_back_to`: the search ran out of time there. Older rows were not looked at and are not counted.
    """

    rows: list[SearchRow]
    number: int
    looked_back_to: datetime | None = None


def find(
    search: Search, limit: int, *, after: TimeKey | None = None, newer: bool = False, patient: bool = True
) -> SearchResult:
    """Find the first rows after a key, or from the newest on; with `newer`, in reverse order.

    Unless `patient`, the search may stop before it has looked at everything.
    """
    direction = _Direction(search, newer)
    if search.key:
        rows = direction.select_by_key()
        return SearchResult([row for row in rows if direction.is_behind(row, after)][:limit], len(rows))
    many = _many.get() or _many.set({})
    if not search.terms:
        rows = direction.walk_all(after, limit)
        if after is None and len(rows) < limit:
            return SearchResult(rows, min(len(rows), COUNTED + 1))
        number = COUNTED + 1 if search in many else count(search)
        if number > COUNTED:
            _remember(many, search)
        return SearchResult(rows, number)

    patience = None if patient or newer else PATIENCE
    gathered = None
    if search not in many:
        gathered = direction.gather(None, after, limit, patience)
        if gathered.number <= COUNTED:
            return SearchResult(gathered.rows, gathered.number, gathered.looked_back_to)
        _remember(many, search)
    if gathered is None or after is not None:
        if after is not None or many.get(search, True):
            rows = direction.walk(after, limit)
            if len(rows) == limit:
                return SearchResult(rows, COUNTED + 1)
        if after is None:
            many[search] = False
        gathered = direction.gather(after, after, limit, patience)
    rows = gathered.rows
    if gathered.number > COUNTED and len(rows) < limit:
        rows += direction.walk(after, limit - len(rows), month=gathered.last_month)
    return SearchResult(rows, COUNTED + 1, gathered.looked_back_to)


def find_next(search: Search, after: TimeKey, *, newer: bool = False) -> SearchRow | None:
    """Find the first row after a key; with `newer`, in reverse order.

    It is never patient: None means that there is none, or that it is months away.
    """
    direction = _Direction(search, newer)
    if search.key:
        rows = [row for row in direction.select_by_key() if direction.is_behind(row, after)]
    elif not search.terms:
        rows = direction.walk_all(after, 1)
    elif not (rows := direction.walk(after, 1)):
        gathered = direction.gather(after, after, 1, PATIENCE)
        rows = gathered.rows
        if gathered.number > COUNTED and not rows:
            rows = direction.walk(after, 1, month=gathered.last_month)
    return rows[0] if rows else None


def _remember(many: dict[Search, bool], search: Search) -> None:
    if len(many) >= REMEMBERED:
        many.clear()
    many[search] = True


def count(search: Search) -> int:
    """Count the rows of a search without words, up to one more than COUNTED."""
    rows = _rows(search, "d.id", search.ordered & search.checked, "", COUNTED + 1)
    return int(fetch_all(connection, f"SELECT count(*) FROM ({rows.sql}) found", rows.values)[0][0])  # noqa: S608  (our own words; values are parameters)


def _rows(search: Search, columns: str, where: Where, order: str, limit: int) -> Where:
    """Return the statement that reads the first rows of a search without words, and its values."""
    own = f"SELECT {columns} FROM recordings_searchdoc d"  # noqa: S608  (our own words; values are parameters)
    if not search.among:
        return Where(f"{own} {where.clause()} {order} LIMIT %s", (*where.values, limit))
    # The first rows of each channel and agent in reach, each read from its index however few it has.
    parts, values = [], []
    for column, ids in search.among:
        of_one = Where(f"d.{column} = one.id") & where
        first = f"{own} {of_one.clause()} {order} LIMIT %s"
        parts.append(f"SELECT d.* FROM unnest(%s::bigint[]) one (id) CROSS JOIN LATERAL ({first}) d")  # noqa: S608  (our own words; values are parameters)
        values += [ids, *of_one.values, limit]
    return Where(f"SELECT * FROM ({' UNION '.join(parts)}) d {order} LIMIT %s", (*values, limit))  # noqa: S608  (our own words; values are parameters)


class _Gathered(NamedTuple):
    """Collected rows: their number up to one more than COUNTED, the last month reached, and the first rows in order."""

    number: int
    last_month: datetime | None
    looked_back_to: datetime | None
    rows: list[SearchRow]


@dataclass(frozen=True)
class _Direction:
    """A direction through the rows. SQL is made only of constants of this file; values are parameters."""

    search: Search
    newer: bool

    @property
    def order(self) -> str:
        return "ORDER BY d.shown_at, d.id" if self.newer else "ORDER BY d.shown_at DESC, d.id DESC"

    def gather(
        self, start: TimeKey | None, after: TimeKey | None, limit: int, patience: int | None
    ) -> _Gathered:
        """Collect rows after `start` from the word index, month by month; return the first ones after `after` in order.

        After `patience` milliseconds no other month is started; None looks at all of them.
        """
        ordered = self.search.ordered & self._behind(start)
        checked = ordered & self.search.checked
        # With too many rows, the last month is not complete, so its rows cannot be sorted.
        complete = Where("(n <= %s OR d.month <> last_month)", (COUNTED,)) & self._behind(after)
        until = "" if patience is None else _UNTIL
        first, months, words = "", "months", []
        if self.search.words:
            # Several words: begin at the first month that has each of them.
            last, never, behind = ("max", "infinity", ">=") if self.newer else ("min", "-infinity", "<=")
            first = f"""first AS MATERIALIZED (
                SELECT {last}(coalesce(
                    (SELECT month FROM months m WHERE {_has("t.term", "m.month")} LIMIT 1), '{never}')) AS month
                FROM unnest(%s::text[]) t (term)),"""  # noqa: S608  (our own words; values are parameters)
            months = f"(SELECT m.month FROM months m, first WHERE m.month {behind} first.month)"  # noqa: S608  (our own words)
            words = [list(self.search.words)]
        looked_up = list(filter(None, [self.search.terms, self.search.reach]))
        in_words = " AND ".join([f"d.words @@ {_TERMS_OF_MONTH}"] * len(looked_up))
        statement = f"""
            WITH RECURSIVE months (month) AS (
                SELECT {self._month()} FROM recordings_searchdoc d {ordered.clause()}
              UNION ALL
                SELECT (SELECT {self._month()} FROM recordings_searchdoc d {(ordered & self._other_month()).clause()})
                FROM months m
                WHERE m.month IS NOT NULL{until}),
            {first}
            d AS MATERIALIZED (
                SELECT {_OWN}, m.month
                FROM {months} m
                CROSS JOIN LATERAL (
                    -- Only words, so that the planner uses the word index.
                    SELECT * FROM recordings_searchdoc d WHERE {in_words} OFFSET 0) d
                {checked.clause()} LIMIT %s)
            SELECT n, last_month,
                   CASE WHEN n <= %s THEN
                       (SELECT {"max" if self.newer else "min"}(month) FROM months HAVING bool_and(month IS NOT NULL))
                   END, page.*
            FROM (SELECT count(*) AS n, {"max" if self.newer else "min"}(month) AS last_month FROM d) counted
            LEFT JOIN LATERAL (
                {self._named(f"SELECT * FROM d {complete.clause()} {self.order} LIMIT %s")}
            ) page ON true"""  # noqa: S608  (our own words; values are parameters)
        values = [*ordered.values, *ordered.values, *([] if patience is None else [HURRIED_FROM, patience])]
        values += [*words, *looked_up]
        values += [*checked.values, COUNTED + 1, COUNTED, *complete.values, limit]
        rows = fetch_all(connection, statement, values)
        number, last_month, looked_back_to = rows[0][:3]
        page = [SearchRow._make(row[3:]) for row in rows if row[3] is not None]
        return _Gathered(number, last_month, looked_back_to, page)

    def walk(self, start: TimeKey | None, limit: int, month: datetime | None = None) -> list[SearchRow]:
        """Walk the rows of one month in order: of `month`, or of the first one after `start`, up to WALKED rows."""
        ordered = self.search.ordered & self._behind(start)
        first = f"SELECT {self._month()} FROM recordings_searchdoc d {ordered.clause()}"  # noqa: S608  (our own words; values are parameters)
        within = Where("d.shown_at >= (SELECT month FROM m)") & Where(
            "d.shown_at < (SELECT month + interval '1 month' FROM m)"
        )
        rows = f"""
            WITH m AS MATERIALIZED (
                SELECT m.month, {_TERMS_OF_MONTH} AS terms FROM ({"SELECT %s" if month else first}) m (month))
            SELECT {_OWN}
            FROM (SELECT * FROM recordings_searchdoc d {(ordered & within).clause()} {self.order} LIMIT %s) d
            {(Where("d.words @@ (SELECT terms FROM m)") & self.search.checked).clause()} {self.order} LIMIT %s"""  # noqa: S608  (our own words; values are parameters)
        values = [self.search.terms, *([month] if month else ordered.values)]
        values += [*ordered.values, _ALL if month else WALKED, *self.search.checked.values, limit]
        return _fetch(self._named(rows), values)

    def walk_all(self, start: TimeKey | None, limit: int) -> list[SearchRow]:
        """Read rows in order and filter them. Without words, matches are frequent, so no word index is needed."""
        everything = self.search.ordered & self.search.checked & self._behind(start)
        rows = _rows(self.search, _OWN, everything, self.order, limit)
        return _fetch(self._named(rows.sql), rows.values)

    def select_by_key(self) -> list[SearchRow]:
        """Select the few rows of a recording whose id was typed, if they match the other conditions."""
        everything = self.search.key & self.search.ordered & self.search.checked
        if self.search.terms:
            everything &= of_terms_in_own_month(self.search.terms)
        rows = f"SELECT {_OWN} FROM recordings_searchdoc d {everything.clause()} LIMIT %s"  # noqa: S608  (our own words; values are parameters)
        return _fetch(self._named(rows), [*everything.values, COUNTED])

    def is_behind(self, row: SearchRow, key: TimeKey | None) -> bool:
        return key is None or (row.key > key if self.newer else row.key < key)

    def _behind(self, key: TimeKey | None) -> Where:
        if key is None:
            return Where()
        return Where(f"(d.shown_at, d.id) {'>' if self.newer else '<'} (%s, %s)", key)

    def _month(self) -> str:
        """Return the SQL of the first month of rows; NULL without rows."""
        return f"date_trunc('month', {'min' if self.newer else 'max'}(d.shown_at), 'UTC')"

    def _other_month(self) -> Where:
        """Match rows after the month m."""
        return Where("d.shown_at >= m.month + interval '1 month'" if self.newer else "d.shown_at < m.month")

    def _named(self, rows: str) -> str:
        return f"SELECT {_NAMED} FROM ({rows}) d {_NAMES} {self.order}"  # noqa: S608  (our own words; values are parameters)


def _of_month(terms: str, month: str) -> str:
    """Return the expression for the tsquery of terms in one month."""
    return f"replace({terms}, '{MONTH}', {month_of(month)})::tsquery"


def _has(term: str, month: str) -> str:
    """Return the condition that a month has rows of a term: as a join, so that the planner uses the word index."""
    return f"""EXISTS (
        SELECT FROM (SELECT {_of_month(term, f"({month})")} AS query OFFSET 0) q
        CROSS JOIN LATERAL (SELECT FROM recordings_searchdoc d WHERE d.words @@ q.query OFFSET 0) d)"""  # noqa: S608  (our own words; values are parameters)


_TERMS_OF_MONTH = _of_month("%s", "m.month")
# PostgreSQL's own estimate of the number of rows is good enough.
_UNTIL = """ AND (
    (SELECT reltuples FROM pg_class WHERE oid = 'recordings_searchdoc'::regclass) < %s
    OR clock_timestamp() < statement_timestamp() + %s * interval '1 ms')"""
_ALL = 10_000_000  # rows


def _fetch(statement: str, values: Sequence[Any]) -> list[SearchRow]:
    return list(map(SearchRow._make, fetch_all(connection, statement, values)))
