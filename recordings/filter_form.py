"""A form whose data is the query string of a list: its filters as chips and as an address."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.forms.utils import ErrorList, flatatt
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from recordings.days import FIRST_DAY, LAST_DAY, written_day

_ISO = "%Y-%m-%d"


@dataclass(frozen=True)
class Chip:
    """A filter that is on: its label, and the query string without it."""

    text: str
    without: str


class NamesSelect(forms.Select):
    """A select of names, which are the same in every language."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(name, value, *args, **kwargs)
        if value:
            option["attrs"]["translate"] = "no"
        return option

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """Write the options without Django's template for each: hundreds of them take longer than the page."""
        widget = self.get_context(name, value, attrs)["widget"]
        options = (option for _name, group, _place in widget["optgroups"] for option in group)
        lines = ((option["value"], flatatt(option["attrs"]), option["label"]) for option in options)
        written = format_html_join("\n", '<option value="{}"{}>{}</option>', lines)
        return format_html('<select name="{}"{}>{}</select>', name, flatatt(widget["attrs"]), written)


def _check_day(day: date) -> None:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(
            gettext("Enter a day from %(first)s to %(last)s.") % {"first": FIRST_DAY, "last": LAST_DAY}
        )


def check_period(form: forms.Form, cleaned: dict[str, Any]) -> None:
    """Add an error when the day `until` is before the day `since`."""
    since, until = cleaned.get("since"), cleaned.get("until")
    if since and until and since > until:
        form.add_error("until", gettext("The last day must not be before the first day."))


def day_label(name: str, value: str) -> str:
    """Describe a filter by its first day, `since`, or its last, `until`."""
    message = gettext("from %(day)s") if name == "since" else gettext("until %(day)s")
    with suppress(ValueError):
        value = written_day(date.fromisoformat(value))
    return message % {"day": value}


class DayField(forms.DateField):
    """A day that may be left empty, between FIRST_DAY and LAST_DAY."""

    default_validators = [_check_day]

    def __init__(self, *, label: Any) -> None:
        # Browsers send and take ISO days, whatever the language of the page.
        widget = forms.DateInput({"type": "date"}, format=_ISO)
        super().__init__(required=False, label=label, widget=widget, input_formats=[_ISO])


class _Errors(ErrorList):
    """A field's errors. Django runs two templates to write that there are none, and a page of filters has a dozen."""

    def render(self, *args: Any, **kwargs: Any) -> SafeString:
        return super().render(*args, **kwargs) if self else SafeString()

    __str__ = __html__ = render


class FilterForm(forms.Form):
    """Reads a query string. A value that cannot be read is an error, never ignored."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"error_class": _Errors, **kwargs})

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        return value

    def chips(self) -> list[Chip]:
        """Return the filters that are on, each with the query string without it; searched words are not among them."""
        pairs = [pair for pair in self.pairs() if pair[0] != "q"]
        return [Chip(self.describe(*pair), self.query(without=pair)) for pair in pairs]

    def query(self, without: tuple[str, str] | None = None) -> str:
        """Return words and filters as a query string, `without` one of them; without the keys of pages."""
        return urlencode([pair for pair in self.pairs() if pair != without], errors="replace")

    def pairs(self) -> list[tuple[str, str]]:
        """Return name and value of all that was given, in the order of the fields."""
        return [(name, value) for name in self.fields for value in self.given(name)]

    def given(self, name: str) -> list[str]:
        """Return the values of one field as they came, without empty ones."""
        data: Any = self.data if self.is_bound else self.initial
        given = data.getlist(name) if isinstance(data, MultiValueDict) else data.get(name, "")
        values = given if isinstance(given, list) else [given]
        return [value for value in values if value]

    @property
    def sentences(self) -> list[str]:
        """Return the errors, each with the label of its field."""
        message = gettext("%(field)s: %(error)s")
        return [
            message % {"field": self[name].label, "error": error}
            for name, errors in self.errors.items()
            for error in errors
        ]
