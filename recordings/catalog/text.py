"""Turn stored text into lexemes, and typed text into terms of a tsquery.

Both functions for a kind of text are here, so that what is stored is found however a person types it:

- A name (of the customer, the agent, the channel): `w` each word, and O'Brien as one; `j` neighbours as one word.
  Found by the beginnings of its words, and by its words joined or apart.
- An e-mail address: `e` the whole, `d` its domain and those above it, `w` its words.
  Found by the beginning of the address or of a domain, and by a word.
- A phone number: `p` its digits, the last one first; `n` the same where no country's code was written.
  Found by three or more of its last digits, and by the whole number however it is written.
- An object: `o` its number.
  Found by the number: bare, grouped, as `object:…` or `#…`, or in the address of its page, CommBox's or ours.

Two whole phone numbers (`FEWEST_WHOLE` digits or more) are equal if their digits are equal without `00` and without the
zero before the national part. If one of them has no country code, the national parts are compared.

Filters and scopes are lexemes too: `a` agent, `c` channel, `k` sensitivity class, `s` status, `t` type, `z` state, `l`
length. After its first letter, a lexeme has only letters and digits, so typed text can never be read as an operator. A
recording's id is no lexeme: its row is found by the primary key.

In a row, the row's month follows the first letter of each lexeme (`in_month`); in a term, a placeholder for it does
(`MONTH`). So a lookup costs only the entries of one month, and months are searched newest first.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from urllib.parse import unquote
from uuid import UUID

from recordings.catalog.phone_numbers import FEWEST_WHOLE, PhoneNumber
from recordings.folding import digits, fold, pieces

VERSION = 4  # of the lexemes: after a change, an interrupted rebuild starts again
MONTH = "~"  # in terms; no lexeme contains it
LONGEST = 40  # characters of a word that are compared
MOST_INDEXED = 64  # lexemes of one name
MOST_WORDS = 16  # of a search
NEIGHBOURS = 3  # words that may be written as one
FEWEST_PHONE_DIGITS = 3
FEWEST_OF_OBJECT = 10  # digits of a number in a list of objects

_LINK = re.compile(
    r"(?<!\w)(?:(?:mailto|tel|callto|sms|sip|phone|e-?mail):|https?://wa\.me/)[/\s]*([^\s;?<>]*)\S*",
    re.IGNORECASE,
)
_PARAMETERS = re.compile(r";(?:ext|isub|phone-context)=\S*", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s,;|<>]+")
_GROUPED = re.compile(r"(?<!\d)\d{1,3}([,.'’ ])\d{3}(?:\1\d{3}){2,}")
_EXTENSION = re.compile(r"[;,#]|ext|x", re.IGNORECASE)
_PLAIN_NUMBER = re.compile(r"\W*(\d{1,19})\W*")
_OBJECT = re.compile(r"(?<!\w)(?:objects?|conversations?)(?:_?id)?[:=/#]*(\d{1,19})(?!\w)")
_RECORDING = re.compile(
    r"(?<![0-9a-z])([0-9a-f]{8})\W?([0-9a-f]{4})\W?([0-9a-f]{4})\W?([0-9a-f]{4})\W?([0-9a-f]{12})(?![0-9a-z])"
)
_WATERMARK = re.compile(r"\W*v\W([0-9a-f]{8})\W*")
_LABELS = {"object", "conversation", "recording"}


class TooManyWords(ValueError):
    """The search has more words than allowed."""


@dataclass(frozen=True)
class Typed:
    """Typed text: terms of a tsquery, all of which must match, and the recording whose id was in the text."""

    terms: tuple[str, ...] = ()
    recording: UUID | None = None

    def __bool__(self) -> bool:
        """Return whether there is anything to search for."""
        return bool(self.terms or self.recording)


def read_typed(text: str) -> Typed:
    """Read typed text. Raises TooManyWords."""
    folded = _GROUPED.sub(_ungrouped, fold(_without_links(text)))
    chunks = [chunk for chunk in _BETWEEN.split(folded) if pieces(chunk)]
    if len(chunks) > MOST_WORDS:
        raise TooManyWords
    terms: list[str] = []
    recording: UUID | None = None
    words: list[str] = []
    label = ""
    for chunk in chunks:
        if found := _RECORDING.search(chunk):
            recording = recording or UUID("".join(found.groups()))
        elif found := _OBJECT.search(chunk) or (_PLAIN_NUMBER.fullmatch(chunk) if label else None):
            terms.append(exactly(f"o{int(found[1])}"))
        else:
            words += [label] if label else []
            label = chunk.strip(":#") if chunk.strip(":#") in _LABELS else ""
            words += [] if label else [chunk]
            continue
        label = ""  # it belonged to this number
    words += [label] if label else []
    return Typed(tuple(dict.fromkeys([*terms, *_word_terms(words)])), recording)


def watermark_in(text: str) -> str:
    """Return the short id of a viewing, such as V-1A2B3C4D, if the text is only that; else an empty text."""
    watermark = _WATERMARK.fullmatch(fold(text))
    return f"V-{watermark[1].upper()}" if watermark else ""


def _word_terms(chunks: list[str]) -> list[str]:
    """Return a term for each word and for each run of numbers. A word may also be part of a compound."""
    words: list[str] = []
    ways: list[list[str]] = []  # how each word may be found
    for are_numbers, group in groupby(chunks, _is_number):
        run = list(group)
        if are_numbers:
            words.append("".join(map(digits, run)))
            ways.append(_number_ways(run))
        else:
            for chunk in run:
                found = _address_ways(chunk) if "@" in chunk else _name_ways(chunk)
                ways += found
                words += pieces(chunk) if "@" not in chunk else [""] * len(found)
    if len(words) > MOST_WORDS:
        raise TooManyWords
    for places, joined in _neighbours(words):
        if all(words[place] for place in places) and not joined.isdecimal():
            for place in places:
                ways[place] += _as_one(joined)
    return [any_of(dict.fromkeys(each)) for each in ways]


# --- names


@lru_cache(2_000)
def name_lexemes(name: str) -> tuple[str, ...]:
    """Return the lexemes of a name. A name in CommBox may be a phone number or an e-mail address."""
    lexemes: list[str] = []
    words: list[str] = []
    for chunk in fold(name).split():
        parts = pieces(chunk)
        words += parts
        lexemes += [f"w{part[:LONGEST]}" for part in (*parts, "".join(parts)) if part]
        lexemes += email_lexemes(chunk) if "@" in chunk else []
    lexemes += [f"j{joined[:LONGEST]}" for _, joined in _neighbours(words)]
    if not any(map(str.isalpha, name)) and len(digits(name)) >= FEWEST_WHOLE:
        lexemes += phone_lexemes(name)
    return tuple(dict.fromkeys(lexemes))[:MOST_INDEXED]


def _name_ways(chunk: str) -> list[list[str]]:
    """Return the ways to find each word of a chunk. A chunk with a dot may be the domain of an e-mail address."""
    domain = [_beginning(f"d{''.join(pieces(chunk))}")] if "." in chunk.strip(".") else []
    return [[*_as_one(part), *domain] for part in pieces(chunk)]


def _as_one(word: str) -> list[str]:
    """Return the ways to find a word: by its beginning, or stored as several words."""
    return [_beginning(f"w{word}"), exactly(f"j{word[:LONGEST]}")]


def _neighbours(words: list[str]) -> Iterator[tuple[range, str]]:
    """Yield the places of words that follow each other, with these words joined."""
    for size in range(2, NEIGHBOURS + 1):
        for start in range(len(words) - size + 1):
            yield range(start, start + size), "".join(words[start : start + size])


# --- e-mail addresses


def email_lexemes(email: str) -> list[str]:
    """Return the lexemes of an e-mail address and the words around it, without its top-level domain."""
    lexemes: list[str] = []
    for chunk in _BETWEEN.split(fold(_without_links(email))):
        name, at, domain = chunk.rpartition("@")
        labels = domain.split(".")
        words = [*pieces(name), "".join(pieces(name)), *pieces(domain)[:-1]] if at else pieces(chunk)
        lexemes += [f"w{word[:LONGEST]}" for word in words if word]
        if at and (whole := "".join(pieces(chunk))):
            above = ("".join(pieces(".".join(labels[start:]))) for start in range(max(len(labels) - 1, 1)))
            lexemes += [f"e{whole[:LONGEST]}", *(f"d{each[:LONGEST]}" for each in above if each)]
    return list(dict.fromkeys(lexemes))[:MOST_INDEXED]


def _address_ways(chunk: str) -> list[list[str]]:
    """Find the beginning of an address, or of a domain when nothing is before the @."""
    name, _, domain = chunk.rpartition("@")
    return [[_beginning(f"e{''.join(pieces(chunk))}" if pieces(name) else f"d{''.join(pieces(domain))}")]]


def _without_links(text: str) -> str:
    """Remove what links add to an address: `mailto:` before it, `?subject=…` or `;ext=…` after it."""
    return _PARAMETERS.sub("", _LINK.sub(lambda link: unquote(link[1]), text))


# --- phone numbers


def phone_lexemes(phone: str) -> list[str]:
    """Return the lexemes of a phone number, with and without its extension."""
    main = _EXTENSION.split(phone, maxsplit=1)[0]
    with_extension = main != phone and len(digits(main)) >= FEWEST_WHOLE
    lexemes: list[str] = []
    for number in map(PhoneNumber.read, [phone, main] if with_extension else [phone]):
        # Lexemes are reversed, so a number without leading zeros is a beginning of the same lexeme. The zero after the
        # country code is inside the number, so it needs a lexeme of its own.
        lexemes += [f"p{each[::-1][:LONGEST]}" for each in (number.written, number.abroad) if each]
        if not number.has_code and len(number.significant) >= FEWEST_WHOLE:
            lexemes.append(f"n{number.significant[::-1][:LONGEST]}")
    return list(dict.fromkeys(lexemes))


def _phone_ways(text: str) -> list[str]:
    """Return the ways to find a phone number: by its last digits, or the whole number however it is stored."""
    number = PhoneNumber.read(text)
    if len(number.written) < FEWEST_PHONE_DIGITS:
        return []
    endings = [number.written]
    endings += [number.significant, number.abroad] if len(number.significant) >= FEWEST_WHOLE else []
    ways = [_beginning(f"p{ending[::-1]}") for ending in endings if ending]
    if not number.is_national and len(number.national) >= FEWEST_WHOLE:
        ways.append(exactly(f"n{number.national[::-1][:LONGEST]}"))
    return ways


# --- numbers: of an object, of a phone, or in a name


def _is_number(chunk: str) -> bool:
    return "@" not in chunk and any(map(str.isdecimal, chunk)) and not any(map(str.isalpha, chunk))


def _number_ways(run: list[str]) -> list[str]:
    """Read a run of numbers as several things, as one phone number with spaces, or as a list of objects."""
    if len(run) == 1:
        return _ways_of_one(run[0])
    several = [*map(_PLAIN_NUMBER.fullmatch, run)]
    objects = [
        exactly(f"o{int(number[1])}") for number in several if number and len(number[1]) >= FEWEST_OF_OBJECT
    ]
    phone = _phone_ways(" ".join(run))
    return [
        all_of(any_of(_ways_of_one(chunk)) for chunk in run),
        *phone,
        *(objects if len(objects) == len(run) else []),
    ]


def _ways_of_one(chunk: str) -> list[str]:
    plain = _PLAIN_NUMBER.fullmatch(chunk)
    object_id = [exactly(f"o{int(plain[1])}")] if plain else []
    return [
        *object_id,
        *_phone_ways(chunk),
        all_of(_beginning(f"w{piece}") for piece in pieces(chunk)[:MOST_WORDS]),
    ]


def _ungrouped(grouped: re.Match[str]) -> str:
    return digits(grouped[0])


# --- categories, and the grammar of a tsquery


def type_lexeme(recording_type: str) -> str:
    return f"t{''.join(pieces(fold(recording_type)))[:LONGEST]}"


def length_lexeme(seconds: int) -> str:
    """Return the lexeme of a length: the number of binary digits of its seconds."""
    return f"l{_magnitude(seconds)}"


def lengths_between(shortest: int, longest: int) -> str:
    """Return a term for all lengths in a range, by magnitude. The exact length is checked on the row."""
    return any_of(
        exactly(f"l{each}") for each in range(_magnitude(shortest), _magnitude(max(shortest, longest)) + 1)
    )


def _magnitude(seconds: int) -> int:
    return min(seconds.bit_length(), 18)  # a day and more


def state_lexeme(state: str) -> str:
    """Return the lexeme of a recording's state; `znone` without a recording."""
    return f"z{state.replace('_', '') or 'none'}"


def in_month(lexemes: Iterable[str], month: str) -> str:
    """Return the tsvector of a row in this month, as text."""
    return " ".join([f"{lexeme[0]}{month}{lexeme[1:]}" for lexeme in lexemes])


def exactly(lexeme: str) -> str:
    """Return a term that matches exactly this lexeme."""
    return f"'{lexeme[0]}{MONTH}{lexeme[1:]}'"


def _beginning(lexeme: str) -> str:
    return f"'{lexeme[0]}{MONTH}{lexeme[1 : LONGEST + 1]}':*"


def all_of(terms: Iterable[str]) -> str:
    """Join terms that must all match."""
    return _joined(" & ", terms)


def any_of(terms: Iterable[str]) -> str:
    """Join terms of which one must match."""
    return _joined(" | ", terms)


def _joined(operator: str, terms: Iterable[str]) -> str:
    listed = list(dict.fromkeys(terms))
    return f"({operator.join(listed)})" if len(listed) > 1 else "".join(listed)
