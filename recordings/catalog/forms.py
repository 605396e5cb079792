"""The search bar and its filters, as people give them in the address."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from recordings.catalog.criteria import NO_RECORDING, Criteria
from recordings.catalog.queries import BIGGEST_ID, state_label
from recordings.commbox.enums import STATUSES, label
from recordings.models import Agent, RecordingState, Stream

LONGEST_QUERY = 10_000
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
STATES = {
    **{state.value: state_label(state.value) for state in RecordingState},
    NO_RECORDING: state_label(""),
}


class Words(forms.CharField):
    """What was typed. Signs that no text holds are dropped, not complained about: they come with pasted text."""

    def to_python(self, value: Any) -> str:
        return str(super().to_python(str(value or "").replace("\0", " ").encode("utf-8", "replace").decode()))


class Day(forms.DateField):
    def __init__(self) -> None:
        super().__init__(required=False, error_messages={"invalid": "A day is written like 2026-11-20."})

    def clean(self, value: Any) -> date | None:
        day: date | None = super().clean(value)
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            raise forms.ValidationError(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")
        return day


class Number(forms.IntegerField):
    def __init__(self, biggest: int, sentence: str) -> None:
        errors = {"invalid": sentence, "min_value": sentence, "max_value": sentence}
        super().__init__(required=False, min_value=0, max_value=biggest, error_messages=errors)


@dataclass(frozen=True)
class Chip:
    """A filter that is on: its words, and the address without it."""

    text: str
    without: str


class SearchForm(forms.Form):
    """Reads the query string. What cannot be read is refused with a sentence, never ignored."""

    q = Words(
        required=False,
        max_length=LONGEST_QUERY,
        error_messages={"max_length": f"A search has at most {LONGEST_QUERY:,} characters."},
    )
    agent = Number(BIGGEST_ID, "Agents are filtered by their number in CommBox.")
    stream = Number(BIGGEST_ID, "Channels are filtered by their number in CommBox.")
    since = Day()
    until = Day()
    shortest = Number(100_000, "A length is a number of whole minutes.")
    longest = Number(100_000, "A length is a number of whole minutes.")
    state = forms.MultipleChoiceField(
        required=False,
        choices=STATES.items(),
        error_messages={"invalid_choice": "Recordings have no state “%(value)s”."},
    )
    status = Number(100_000, "A status is a number.")
    type = forms.CharField(required=False, max_length=80)

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or {}
        since, until = found.get("since"), found.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day lies before the first.")
        shortest, longest = found.get("shortest"), found.get("longest")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("longest", "The greatest length is smaller than the least.")
        return found

    def criteria(self) -> Criteria:
        """What was asked for; call it on a valid form only."""
        given = self.cleaned_data
        until = given["until"]
        return Criteria(
            words=given["q"],
            agent=given["agent"],
            stream=given["stream"],
            since=_midnight(given["since"]) if given["since"] else None,
            until=_midnight(until) + timedelta(days=1) if until else None,
            shortest=_seconds(given["shortest"]),
            longest=_seconds(given["longest"]),
            states=tuple(given["state"]),
            status=given["status"],
            type=given["type"],
        )

    @cached_property
    def given(self) -> dict[str, str]:
        """The values as typed, for the fields of the page."""
        return {name: str(self.data.get(name, "")) for name in self.fields}

    @property
    def _pairs(self) -> list[tuple[str, str]]:
        """What is given, name by name; several states may be."""
        data = self.data if isinstance(self.data, QueryDict) else QueryDict()
        return [(name, value) for name in self.fields for value in data.getlist(name) if value]

    @cached_property
    def agents(self) -> dict[str, str]:
        """Numbers and names of all agents, by name."""
        rows = Agent.objects.order_by("name", "pk").values_list("pk", "name")
        return {str(pk): name or f"agent {pk}" for pk, name in rows}

    @cached_property
    def streams(self) -> dict[str, str]:
        """Numbers and names of all channels, by name."""
        rows = Stream.objects.order_by("name", "pk").values_list("pk", "name")
        return {str(pk): name or f"channel {pk}" for pk, name in rows}

    def agent_options(self) -> SafeString:
        return _options("Anybody", self.agents, self.given["agent"])

    def stream_options(self) -> SafeString:
        return _options("Any channel", self.streams, self.given["stream"])

    def state_boxes(self) -> list[tuple[str, str, bool]]:
        """Value and words of each state, and whether it is asked for."""
        chosen = {value for name, value in self._pairs if name == "state"}
        return [(value, words, value in chosen) for value, words in STATES.items()]

    def status_options(self) -> SafeString:
        return _options(
            "Any status", {str(key): word for key, word in STATUSES.items()}, self.given["status"]
        )

    def chips(self) -> list[Chip]:
        """The filters that are on, each with the address of the page without it."""
        return [
            Chip(self._said(name, value), self.query(without=(name, value)))
            for name, value in self._pairs
            if name != "q"
        ]

    def query(self, without: tuple[str, str] | None = None) -> str:
        """Words and filters as a query string, without one of them where named; cursors never travel along."""
        return urlencode([pair for pair in self._pairs if pair != without], errors="replace")

    def sentences(self) -> list[str]:
        """What is wrong, field by field."""
        return [str(error) for errors in self.errors.values() for error in errors]

    def _said(self, name: str, value: str) -> str:
        if name in ("agent", "stream"):
            known = self.agents if name == "agent" else self.streams
            return known.get(value, f"{'agent' if name == 'agent' else 'channel'} {value}")
        if name == "status":
            return label(STATUSES, int(value)) if value.isdecimal() else value
        words = {
            "since": "from {}",
            "until": "to {}",
            "shortest": "at least {} min",
            "longest": "at most {} min",
            "type": "type {}",
        }
        return words.get(name, "{}").format(STATES.get(value, value) if name == "state" else value)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60


def _options(nothing: str, known: Mapping[str, str], chosen: str) -> SafeString:
    """Options of a select: Django's own widget takes a template for each."""
    unknown = {chosen: chosen} if chosen and chosen not in known else {}
    every: Iterable[tuple[str, str]] = {"": nothing, **known, **unknown}.items()
    return format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SafeString(" selected") if value == chosen else "", word) for value, word in every),
    )
