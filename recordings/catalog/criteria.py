"""Hold what somebody searches for, typed words and filters, and turn it into the terms of a tsquery."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import groupby

from recordings.catalog.words import (
    FEWEST_PHONE_DIGITS,
    LONGEST,
    digits,
    fold,
    pieces,
    state_lexeme,
    type_lexeme,
)

MOST_WORDS = 16
NO_RECORDING = "none"
_NUMBER_SIGNS = frozenset("0123456789+()-./")
_LONGEST_ID = 19


@dataclass(frozen=True)
class Criteria:
    """All of these hold together. Times are UTC, `until` excluded; lengths are seconds, both ends included."""

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
        """Whether a filter speaks of one recording rather than of its object."""
        given = (self.since, self.until, self.shortest, self.longest)
        return any(value is not None for value in given) or bool(self.states or self.type)

    def filters(self) -> dict[str, int | str]:
        """The filters that are on, as the trail keeps them."""
        given = ((part.name, getattr(self, part.name)) for part in fields(self) if part.name != "words")
        return {name: _plain(value) for name, value in given if value not in (None, "", ())}


def _plain(value: object) -> int | str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value if isinstance(value, int) else str(value)


class TooManyWords(ValueError):
    """More words than a search takes."""


def word_terms(text: str) -> list[str]:
    """Turn typed words into the terms of a tsquery, all of which must match. Nothing searchable: no terms.

    Raises TooManyWords.
    """
    chunks = fold(text).split()
    if len(chunks) > MOST_WORDS:
        raise TooManyWords
    terms: list[str] = []
    for are_numbers, group in groupby(chunks, _is_number):
        run = list(group)
        terms += [_number_terms(run)] if are_numbers else filter(None, map(_address_or_words, run))
    return terms


def filter_terms(criteria: Criteria) -> list[str]:
    """Turn the filters into terms of a tsquery; dates and lengths are not among them."""
    terms = [
        _exactly(f"{letter}{value}")
        for letter, value in (("a", criteria.agent), ("c", criteria.stream), ("s", criteria.status))
        if value is not None
    ]
    terms += [_exactly(type_lexeme(criteria.type))] if criteria.type else []
    states = [_exactly(state_lexeme(state.removeprefix(NO_RECORDING))) for state in criteria.states]
    terms += [_any(states)] if states else []
    return terms


def _is_number(chunk: str) -> bool:
    return _NUMBER_SIGNS.issuperset(chunk) and bool(digits(chunk))


def _number_terms(chunks: list[str]) -> str:
    """Several numbers in a row may be several things or one phone number with spaces."""
    each = _all(map(_number_term, chunks))
    return each if len(chunks) == 1 else _any([each, *_phone_endings(digits("".join(chunks)))])


def _number_term(chunk: str) -> str:
    """An object's number, the last digits of a phone number, or part of a name."""
    number = digits(chunk)
    object_id = [_exactly(f"o{int(number)}")] if number == chunk and len(number) <= _LONGEST_ID else []
    return _any(
        [*object_id, *_phone_endings(number), _all(_beginning(f"w{piece}") for piece in pieces(chunk))]
    )


def _phone_endings(number: str) -> list[str]:
    """With and without its leading zeros: CommBox writes the country's code in their place."""
    if len(number) < FEWEST_PHONE_DIGITS:
        return []
    endings = dict.fromkeys([number, number.lstrip("0") or number])
    return [_beginning(f"p{ending[::-1]}") for ending in endings]


def _address_or_words(chunk: str) -> str:
    """The beginning of an e-mail address, the domain of one, or words."""
    name, _, domain = chunk.rpartition("@")
    if pieces(name):
        return _beginning(f"e{''.join(pieces(chunk))}")
    words = pieces(domain)
    if "@" in chunk and len(words) > 1:
        words.pop()  # the last label is not in the index: everybody has a "com"
    return _all(_beginning(f"w{word}") for word in words)


def _exactly(lexeme: str) -> str:
    return f"'{lexeme}'"


def _beginning(lexeme: str) -> str:
    return f"'{lexeme[: LONGEST + 1]}':*"


def _all(terms: Iterable[str]) -> str:
    return _joined(" & ", terms)


def _any(terms: Iterable[str]) -> str:
    return _joined(" | ", terms)


def _joined(operator: str, terms: Iterable[str]) -> str:
    listed = list(terms)
    return f"({operator.join(listed)})" if len(listed) > 1 else "".join(listed)
