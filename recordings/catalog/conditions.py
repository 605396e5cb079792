"""Turn criteria into conditions on search rows: for ordered indexes, the word index and the rows themselves."""

from dataclasses import dataclass, replace

from recordings.catalog.criteria import NO_RECORDING, Criteria, filter_terms, reach_term
from recordings.catalog.masked_words import read_words
from recordings.catalog.months import month_of
from recordings.catalog.text import MONTH, lengths_between
from recordings.db import ANYTHING, BIGGEST_ID, Where
from recordings.reach import Reach

MOST_LOOKED_UP = 16  # ids of a reach in the word index


@dataclass(frozen=True)
class Search:
    """The conditions of a search. A row is found if it matches all of them.

    `ordered`: conditions that an index in the order of the lists answers: agent or channel, and dates. `terms`: a
    tsquery for the word index, with MONTH in place of a month; it repeats agent and channel. `words`: its typed terms,
    and the one of the reach, if there are several. `checked`: conditions checked on each row, among them the reach of
    the person. `key`: selects the few rows of a recording whose id was typed.

    The reach is repeated for the indexes. `reach`: as a tsquery of its own beside `terms`. Two take half the time of
    one, because PostgreSQL looks at each branch of a long "or" for each row of one tsquery. `among`: without terms, the
    columns of agent or channel with the ids in reach, as arrays in text; each row matches one of them.
    """

    ordered: Where
    terms: str = ""
    words: tuple[str, ...] = ()
    checked: Where = ANYTHING
    key: Where = ANYTHING
    reach: str = ""
    among: tuple[tuple[str, str], ...] = ()

    @classmethod
    def for_objects(cls, criteria: Criteria, reach: Reach) -> "Search":
        """Find each object in reach once: by its newest recording, or by the newest one that matches the filters.

        Objects without a recording are found by words, and by the filter for them. All rows of an object are in reach,
        or none.
        """
        of_recording = "d.object_id = (SELECT r.object_id FROM recordings_recording r WHERE r.id = %s)"
        if not criteria.looks_at_recordings:
            newest = Where("d.newest" if criteria.words.strip() else "d.newest AND d.has_recording")
            return cls._of(criteria, reach, newest, of_recording)
        search = cls._of(criteria, reach, Where(), of_recording)
        return replace(search, checked=search.checked & _nothing_newer(criteria))

    @classmethod
    def for_recordings(cls, criteria: Criteria, reach: Reach) -> "Search":
        return cls._of(criteria, reach, Where("d.has_recording"), "d.id = %s")

    @classmethod
    def _of(cls, criteria: Criteria, reach: Reach, rows: Where, of_recording: str) -> "Search":
        typed = read_words(criteria.words, reach)
        reach = reach.among(channel=criteria.stream, agent=criteria.agent)
        if reach.is_nothing:
            return cls(Where("false"))
        of_reach = reach_term(reach)
        # An ordered index answers an agent, a channel, a reach or dates alone. With other criteria, the word index
        # answers them.
        filters = filter_terms(replace(criteria, agent=None, stream=None)) + _length_terms(criteria)
        among = _columns_of(reach)
        alone = [criteria.agent is not None, criteria.stream is not None, bool(of_reach)].count(True) <= 1
        terms = [*typed.terms, *filters]
        if terms or not alone or (of_reach and not among):
            terms += filter_terms(Criteria(agent=criteria.agent, stream=criteria.stream))
            terms, among = terms or [of_reach], ()
        # A long "or" is slow, and a scope with many ids usually has many rows: then each row is checked instead.
        looked_up = "" if among or terms == [of_reach] or of_reach.count(MONTH) > MOST_LOOKED_UP else of_reach
        words = [*typed.terms, *filter(None, [looked_up])]
        return cls(
            _ordered(criteria) & rows,
            " & ".join(terms),
            tuple(words) if typed.terms and len(words) > 1 else (),
            reach.where("d") & _of_length(criteria),
            _condition(of_recording, typed.recording),
            looked_up,
            among,
        )


def _columns_of(reach: Reach) -> tuple[tuple[str, str], ...]:
    """Return the ids in reach by column, as arrays in text; none if a scope limits several columns or the class."""
    columns: dict[str, set[int]] = {"stream_id": set(), "agent_id": set()}
    for scope in reach.scopes:
        limits = [scope.channels is not None, scope.agents is not None, scope.classes is not None]
        if limits.count(True) != 1 or scope.classes is not None:
            return ()
        columns["stream_id"] |= scope.channels or set()
        columns["agent_id"] |= scope.agents or set()
    return tuple((column, f"{{{','.join(map(str, sorted(ids)))}}}") for column, ids in columns.items() if ids)


def _ordered(criteria: Criteria) -> Where:
    """Return the condition on agent or channel, and on the dates."""
    where = _between(criteria)
    if criteria.agent is not None:
        return Where("d.agent_id = %s", (criteria.agent,)) & where
    return Where("d.stream_id = %s", (criteria.stream,)) & where if criteria.stream is not None else where


def _nothing_newer(criteria: Criteria) -> Where:
    """Match only the newest of an object's recordings that match the filters."""
    same = Where("n.object_id = d.object_id AND (n.shown_at, n.id) > (d.shown_at, d.id)")
    newer = same & _between(criteria, "n") & _of_length(criteria, "n")
    terms = filter_terms(replace(criteria, agent=None, stream=None, status=None))
    if terms:
        newer &= of_terms_in_own_month(" & ".join(terms), "n")
    sql = f"(d.files <= 1 OR NOT EXISTS (SELECT FROM recordings_searchdoc n WHERE {newer.sql}))"
    real = Where() if NO_RECORDING in criteria.states else Where("d.has_recording")
    return real & Where(sql, newer.values)


def of_terms_in_own_month(terms: str, row: str = "d") -> Where:
    """Match terms with the row's own month. For few rows only, because each row makes its own tsquery."""
    month = month_of(f"{row}.shown_at")
    return Where(f"{row}.words @@ replace(%s, '{MONTH}', {month})::tsquery", (terms,))


def _length_terms(criteria: Criteria) -> list[str]:
    if criteria.shortest is None and criteria.longest is None:
        return []
    longest = BIGGEST_ID if criteria.longest is None else criteria.longest
    return [lengths_between(criteria.shortest or 0, longest)]


def _between(criteria: Criteria, row: str = "d") -> Where:
    return _condition(f"{row}.shown_at >= %s", criteria.since) & _condition(
        f"{row}.shown_at < %s", criteria.until
    )


def _of_length(criteria: Criteria, row: str = "d") -> Where:
    longest = _condition(f"{row}.duration_seconds <= %s", criteria.longest)
    return _condition(f"{row}.duration_seconds >= %s", criteria.shortest) & longest


def _condition(sql: str, value: object) -> Where:
    return Where() if value is None else Where(sql, (value,))
