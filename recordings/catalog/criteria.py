"""The criteria of a search: words and filters. Filters become terms of a tsquery."""

from dataclasses import dataclass, fields
from datetime import datetime

from recordings.catalog.text import all_of, any_of, exactly, state_lexeme, type_lexeme
from recordings.reach import Reach

NO_RECORDING = "none"


@dataclass(frozen=True)
class Criteria:
    """The criteria of a search. All of them must match.

    Times are UTC; `until` is excluded. Lengths are seconds; both ends are included.
    """

    words: str = ""
    agent: int | None = None
    stream: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    shortest: int | None = None
    longest: int | None = None
    states: tuple[str, ...] = ()
    status: int | None = None
    type: str = ""

    @property
    def looks_at_recordings(self) -> bool:
        """Whether a filter is about a recording rather than about its object."""
        given = (self.since, self.until, self.shortest, self.longest)
        return any(value is not None for value in given) or bool(self.states or self.type)

    def filters(self) -> dict[str, int | str]:
        """Return the filters that are set, as events hold them."""
        given = ((part.name, getattr(self, part.name)) for part in fields(self) if part.name != "words")
        return {name: _plain(value) for name, value in given if value not in (None, "", ())}


def _plain(value: object) -> int | str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if isinstance(value, int) else str(value)


def filter_terms(criteria: Criteria) -> list[str]:
    """Turn filters into terms of a tsquery, except dates and lengths."""
    terms = [
        exactly(f"{letter}{value}")
        for letter, value in (("a", criteria.agent), ("c", criteria.stream), ("s", criteria.status))
        if value is not None
    ]
    terms += [exactly(type_lexeme(criteria.type))] if criteria.type else []
    states = [exactly(state_lexeme(state.removeprefix(NO_RECORDING))) for state in criteria.states]
    terms += [any_of(states)] if states else []
    return terms


def reach_term(reach: Reach) -> str:
    """Return a term for the objects in reach; empty for a reach of everything."""
    if reach.is_everything:
        return ""
    scopes = (
        all_of(
            any_of(exactly(f"{letter}{value}") for value in sorted(map(str, allowed)))
            for letter, allowed in (("c", scope.channels), ("a", scope.agents), ("k", scope.classes))
            if allowed is not None
        )
        for scope in reach.scopes
    )
    return any_of(sorted(scopes))
