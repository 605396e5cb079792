"""Sentences about an event in one language, made of parts that a page can link.

A sentence is one translated message with named placeholders, so the actor's name may stand anywhere in it. Optional
details are phrases of their own after it, with " · " between.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from django.conf.locale import LANG_INFO
from django.utils import translation
from django.utils.dateformat import format as format_day
from django.utils.formats import get_format

from recordings.wording import stored

SEPARATOR = " · "
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


class Part(NamedTuple):
    """A piece of a sentence: words of its message, or a value in the place of a placeholder.

    `ref` names what a value stands for, so that a page can link it.
    """

    text: str
    ref: str = ""
    is_value: bool = False
    is_actor: bool = False


Phrase = tuple[Part, ...]
Value = str | int | Part | Phrase


@lru_cache(4096)
def _split(message: str) -> list[str]:
    """Split a message at its placeholders: words and names of placeholders alternate, words first."""
    pieces = _PLACEHOLDER.split(message)
    pieces[::2] = [words.replace("%%", "%") for words in pieces[::2]]
    return pieces


def compose(message: str, values: Mapping[str, Value]) -> Phrase:
    """Fill the placeholders of a translated message. Raises KeyError for a placeholder without a value."""
    parts: list[Part] = []
    for place, piece in enumerate(_split(message)):
        if place % 2 == 0:
            if piece:
                parts.append(Part(piece))
            continue
        value = values[piece]
        if isinstance(value, str | int):
            parts.append(Part(value if isinstance(value, str) else figure(value), is_value=True))
        elif isinstance(value, Part):
            parts.append(value)
        else:
            parts.extend(value)
    return tuple(parts)


def as_text(value: Value) -> str:
    """Return a value as the text of its parts."""
    if isinstance(value, str):
        return value
    if isinstance(value, Part):
        return value.text
    return figure(value) if isinstance(value, int) else plain(value)


def joined(phrases: Iterable[Phrase], separator: str = SEPARATOR) -> Phrase:
    """Put phrases after each other, with the separator between."""
    parts: list[Part] = []
    for phrase in phrases:
        if parts and phrase:
            parts.append(Part(separator))
        parts.extend(phrase)
    return tuple(parts)


def plain(parts: Iterable[Part]) -> str:
    """Return the text of some parts."""
    return "".join([part.text for part in parts])


def figure(value: Any) -> str:
    """Write a number with its thousands, a list with commas; empty for nothing."""
    if value is None or value == "":
        return ""
    if isinstance(value, int):
        return f"{value:,}"
    return ", ".join(figure(item) for item in value) if isinstance(value, list) else str(value)


class Language:
    """The messages of one language.

    Each is looked up once: gettext takes microseconds, and a report has millions of sentences. English is the source of
    all messages and needs no look-up.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self._is_english = code == "en"
        self.is_right_to_left = LANG_INFO.get(code, {}).get("bidi", False)

    @classmethod
    def current(cls) -> "Language":
        """Return the language that is active."""
        return cls(translation.get_language() or "en")

    def gettext(self, message: str) -> str:
        return message if self._is_english or not message else _translated(self.code, message)

    def ngettext(self, one: str, many: str, number: int) -> str:
        if self._is_english:
            return one if number == 1 else many
        return _translated_number(self.code, one, many, number)

    def stored(self, text: str) -> str:
        """Translate a text that an event has in English, as far as it is a known message."""
        return text if self._is_english else _stored(self.code, text)

    def day(self, day: date) -> str:
        """Write a day with the name of its month: 24 November 2026."""
        return _day(self.code, day)


ENGLISH = Language("en")


@lru_cache(8192)
def _translated(code: str, message: str) -> str:
    with translation.override(code):
        return translation.gettext(message)


@lru_cache(8192)
def _translated_number(code: str, one: str, many: str, number: int) -> str:
    with translation.override(code):
        return translation.ngettext(one, many, number)


@lru_cache(4096)
def _stored(code: str, text: str) -> str:
    with translation.override(code):
        return stored(text)


@lru_cache(4096)
def _day(code: str, day: date) -> str:
    if code == "en":
        return f"{day.day} {day:%B} {day.year}"
    with translation.override(code):
        return str(format_day(day, get_format("DATE_FORMAT")))
