"""Turn criteria into conditions on the rows of search: what the order of the lists answers, and what must be sifted."""

from dataclasses import dataclass, replace
from typing import Any

from recordings.catalog.criteria import NO_RECORDING, Criteria, filter_terms
from recordings.catalog.text import read_typed


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
    """What to look for: `walked` is answered by an index in the order of the lists, `sifted` row by row or by words."""

    walked: Where
    sifted: Where

    @classmethod
    def for_objects(cls, criteria: Criteria) -> "Search":
        """Each object once: by its newest recording, or the newest of those that the filters speak of.

        Objects without a recording are found by words, and by the filter that asks for them.
        """
        of_recording = "d.object_id = (SELECT r.object_id FROM recordings_recording r WHERE r.id = %s)"
        sifted = _sifted(criteria, of_recording)
        if not criteria.looks_at_recordings:
            newest = Where("d.newest" if criteria.words.strip() else "d.newest AND d.has_recording")
            return cls(_walked(criteria) & newest, sifted)
        return cls(_walked(criteria), sifted & _nothing_newer(criteria))

    @classmethod
    def for_recordings(cls, criteria: Criteria) -> "Search":
        return cls(_walked(criteria) & Where("d.has_recording"), _sifted(criteria, "d.id = %s"))


def _walked(criteria: Criteria) -> Where:
    """One of agent and channel, and the dates."""
    where = _between(criteria)
    if criteria.agent is not None:
        return Where("d.agent_id = %s", (criteria.agent,)) & where
    return Where("d.stream_id = %s", (criteria.stream,)) & where if criteria.stream is not None else where


def _sifted(criteria: Criteria, of_recording: str) -> Where:
    """What the word index answers, the length, and with `of_recording` a recording whose id was typed."""
    stream = criteria.stream if criteria.agent is not None else None
    typed = read_typed(criteria.words)
    terms = [*typed.terms, *filter_terms(replace(criteria, agent=None, stream=stream))]
    return _of_terms(terms) & _of_length(criteria) & _condition(of_recording, typed.recording)


def _nothing_newer(criteria: Criteria) -> Where:
    """Of several recordings of an object that pass the filters, only the newest stands for it."""
    terms = filter_terms(replace(criteria, agent=None, stream=None, status=None))
    same = Where("n.object_id = d.object_id AND (n.shown_at, n.id) > (d.shown_at, d.id)")
    newer = same & _between(criteria, "n") & _of_length(criteria, "n") & _of_terms(terms, "n")
    sql = f"(d.files <= 1 OR NOT EXISTS (SELECT FROM recordings_searchdoc n WHERE {newer.sql}))"
    real = Where() if NO_RECORDING in criteria.states else Where("d.has_recording")
    return real & Where(sql, newer.values)


def _of_terms(terms: list[str], row: str = "d") -> Where:
    return Where(f"{row}.words @@ %s::tsquery", (" & ".join(terms),)) if terms else Where()


def _between(criteria: Criteria, row: str = "d") -> Where:
    return _condition(f"{row}.shown_at >= %s", criteria.since) & _condition(
        f"{row}.shown_at < %s", criteria.until
    )


def _of_length(criteria: Criteria, row: str = "d") -> Where:
    longest = _condition(f"{row}.duration_seconds <= %s", criteria.longest)
    return _condition(f"{row}.duration_seconds >= %s", criteria.shortest) & longest


def _condition(sql: str, value: object) -> Where:
    return Where() if value is None else Where(sql, (value,))
