"""Turn criteria into conditions on search rows: for ordered indexes, the word index and the rows themselves."""

from dataclasses import dataclass, replace

from recordings.catalog.criteria import NO_RECORDING, Criteria, filter_terms
from recordings.catalog.months import month_of
from recordings.catalog.text import MONTH, lengths_between, read_typed
from recordings.db import ANYTHING, BIGGEST_ID, Where


@dataclass(frozen=True)
class Search:
    """The conditions of a search. A row is found if it matches all of them.

    `ordered`: conditions that an index in the order of the lists answers: agent or channel, and dates. `terms`: a
    tsquery for the word index, with MONTH in place of a month; it repeats agent and channel. `words`: its typed terms,
    if there are several. `checked`: conditions checked on each row. `key`: selects the few rows of a recording whose id
    was typed.
    """

    ordered: Where
    terms: str = ""
    words: tuple[str, ...] = ()
    checked: Where = ANYTHING
    key: Where = ANYTHING

    @classmethod
    def for_objects(cls, criteria: Criteria) -> "Search":
        """Find each object once: by its newest recording, or by the newest one that matches the filters.

        Objects without a recording are found by words, and by the filter for them.
        """
        of_recording = "d.object_id = (SELECT r.object_id FROM recordings_recording r WHERE r.id = %s)"
        if not criteria.looks_at_recordings:
            newest = Where("d.newest" if criteria.words.strip() else "d.newest AND d.has_recording")
            return cls._of(criteria, newest, of_recording)
        search = cls._of(criteria, Where(), of_recording)
        return replace(search, checked=search.checked & _nothing_newer(criteria))

    @classmethod
    def for_recordings(cls, criteria: Criteria) -> "Search":
        return cls._of(criteria, Where("d.has_recording"), "d.id = %s")

    @classmethod
    def _of(cls, criteria: Criteria, rows: Where, of_recording: str) -> "Search":
        typed = read_typed(criteria.words)
        # An ordered index answers an agent, a channel or dates alone. With other criteria, the word index answers them.
        filters = filter_terms(replace(criteria, agent=None, stream=None)) + _length_terms(criteria)
        several = criteria.agent is not None and criteria.stream is not None
        terms = [*typed.terms, *filters]
        if terms or several:
            terms += filter_terms(Criteria(agent=criteria.agent, stream=criteria.stream))
        return cls(
            _ordered(criteria) & rows,
            " & ".join(terms),
            typed.terms if len(typed.terms) > 1 else (),
            _of_length(criteria),
            _condition(of_recording, typed.recording),
        )


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
