"""A form whose data is the query string of a list: what is filtered by, as chips and as an address."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from recordings.days import FIRST_DAY, LAST_DAY


@dataclass(frozen=True)
class Chip:
    """A filter that is on: its words, and the query string without it."""

    text: str
    without: str


def _check_day(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")


class DayField(forms.DateField):
    """A day that may be left empty, between FIRST_DAY and LAST_DAY."""

    default_validators = [_check_day]

    def __init__(self, *, label: str) -> None:
        super().__init__(required=False, label=label, widget=forms.DateInput({"type": "date"}))


class FilterForm(forms.Form):
    """Reads a query string. What cannot be read is refused with a sentence, never ignored."""

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        return value

    def chips(self) -> list[Chip]:
        """The filters that are on, each with the address of the page without it; searched words are none."""
        pairs = [pair for pair in self.pairs() if pair[0] != "q"]
        return [Chip(self.describe(*pair), self.query(without=pair)) for pair in pairs]

    def query(self, without: tuple[str, str] | None = None) -> str:
        """Words and filters as a query string, without one where named; the keys of pages never travel along."""
        return urlencode([pair for pair in self.pairs() if pair != without], errors="replace")

    def pairs(self) -> list[tuple[str, str]]:
        """Name and value of all that was given, in the order of the fields."""
        return [(name, value) for name in self.fields for value in self.given(name)]

    def given(self, name: str) -> list[str]:
        """The values of one field as they came, empty ones left out."""
        data: Any = self.data if self.is_bound else self.initial
        given = data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name, "")
        values = given if isinstance(given, list) else [given]
        return [value for value in values if value]

    @property
    def sentences(self) -> list[str]:
        """What cannot be read, each with the name of its field."""
        return [f"{self[name].label}: {error}" for name, errors in self.errors.items() for error in errors]
