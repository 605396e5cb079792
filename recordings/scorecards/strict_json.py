"""Read JSON strictly, so that no two readers can differ: every key is known and unique, every number is a string."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.scorecards.numbers import parse_number
from recordings.wording import filled, in_english

MAX_BYTES = 1024 * 1024
_KEY = re.compile(r"[a-z0-9_-]{1,64}")
_PLAIN = re.compile(r"-?[0-9]{1,9}(?:\.[0-9]{1,20})?")
_SURROGATE = re.compile("[\ud800-\udfff]")


class BadFile(ValueError):
    """The file cannot be read as a form or as answers. As a text it is English and names the place."""

    def __init__(self, sentence: str | Promise, place: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.place = place or ""
        self._prefix = "" if place is None else f"{place or 'The file'}: "

    def __str__(self) -> str:
        return f"{self._prefix}{in_english(self.sentence)}"


@dataclass(frozen=True)
class _JsonNumber:
    text: str


class _Object(dict[str, Any]):
    repeated: str | None = None


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    result = _Object(pairs)
    if len(result) < len(pairs):
        names = [name for name, _ in pairs]
        result.repeated = next(name for name in names if names.count(name) > 1)
    return result


@dataclass(frozen=True)
class Node:
    """A value in the file and its place, such as `sections[0].questions[2].weight`. Its methods raise BadFile."""

    value: Any
    place: str

    def refuse(self, sentence: str | Promise) -> NoReturn:
        """Raise BadFile for this place."""
        raise BadFile(sentence, self.place)

    def object(self, required: Collection[str], optional: Collection[str] = ()) -> "dict[str, Node]":
        """Return the members of an object that must have the required keys, and no unknown ones."""
        members = self.members()
        for name in members:
            if name not in required and name not in optional:
                members[name].refuse(_("This key is not allowed here."))
        for name in required:
            if name not in members:
                self.refuse(filled(_('The key "%(key)s" is missing.'), key=name))
        return members

    def members(self) -> "dict[str, Node]":
        """Return the members of an object, whatever their names."""
        if not isinstance(self.value, _Object):
            self.refuse(_("An object is expected."))
        if self.value.repeated is not None:
            self.refuse(filled(_("The key %(key)s is repeated."), key=json.dumps(self.value.repeated)))
        dot = "." if self.place else ""
        return {name: Node(value, f"{self.place}{dot}{name}") for name, value in self.value.items()}

    def list(self) -> "list[Node]":
        """Return the items of a list."""
        if not isinstance(self.value, list):
            self.refuse(_("A list is expected."))
        return [Node(value, f"{self.place}[{index}]") for index, value in enumerate(self.value)]

    def string(self) -> str:
        """Return a string."""
        if not isinstance(self.value, str):
            self.refuse(_("A string is expected."))
        if _SURROGATE.search(self.value):
            self.refuse(_("The text has an incomplete character (a lone surrogate)."))
        return self.value

    def one_of(self, names: Sequence[str]) -> str:
        """Return a string that is one of `names`."""
        if self.string() not in names:
            self.refuse(filled(_("One of %(names)s is expected."), names=", ".join(names)))
        return self.string()

    def key(self) -> str:
        """Return the key of a section, question or option."""
        if not _KEY.fullmatch(self.string()):
            self.refuse(_("A key must have 1 to 64 of the characters a-z, 0-9, _ and -."))
        return self.string()

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            self.refuse(_("true or false is expected."))
        return self.value

    def number(self, *, signed: bool = False) -> Fraction:
        """Return a number, which must be written as a string."""
        if isinstance(self.value, _JsonNumber):
            self.refuse(filled(_('Numbers must be strings: write "%(number)s".'), number=self.value.text))
        number = parse_number(self.string(), signed=signed)
        if number is None:
            self.refuse(_('A number is expected, such as "0", "12" or "7.5".'))
        return number

    def number_or_null(self, *, signed: bool = False) -> Fraction | None:
        """Return a number, or None for null."""
        return None if self.value is None else self.number(signed=signed)

    def json_number(self, low: int, high: int) -> Fraction:
        """Return a number of another product's file, where numbers are written as JSON numbers without exponents."""
        if not isinstance(self.value, _JsonNumber) or not _PLAIN.fullmatch(self.value.text):
            self.refuse(_("A number is expected, such as 0, 12 or 7.5."))
        number = Fraction(self.value.text)
        if not low <= number <= high:
            self.refuse(filled(_("A number from %(low)s to %(high)s is expected."), low=low, high=high))
        return number

    def json_integer(self, low: int, high: int) -> int:
        """Return a whole number of another product's file."""
        number = self.json_number(low, high)
        if number.denominator != 1:
            self.refuse(_("A whole number is expected."))
        return number.numerator

    def text(self) -> str | dict[str, str]:
        """Return a text: a string, or a string for each language."""
        if isinstance(self.value, str):
            return self.string()
        languages = self.members()
        return {Node(name, self.place).string(): text.string() for name, text in languages.items()}


def read_json(data: bytes) -> Node:
    """Parse a file. Raises BadFile."""
    if len(data) > MAX_BYTES:
        raise BadFile(_("The file is larger than 1 MiB."))
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise BadFile(filled(_("The file is not UTF-8 (at byte %(byte)s)."), byte=error.start)) from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_JsonNumber,
            parse_float=_JsonNumber,
            parse_constant=_JsonNumber,
        )
    except json.JSONDecodeError as error:
        place = {"line": error.lineno, "column": error.colno}
        raise BadFile(
            filled(_("The file is not JSON (at line %(line)s, column %(column)s)."), **place)
        ) from None
    except RecursionError:
        raise BadFile(_("The file is nested too deeply.")) from None
    return Node(value, "")


def read_file(path: str) -> bytes:
    """Read a file, at most one byte more than the limit. Raises BadFile."""
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadFile(f"The file cannot be read: {error.strerror}.") from None  # commands only: English
