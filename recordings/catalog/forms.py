"""Read the search bar and its filters from the query string."""

import re
from collections.abc import Iterable
from functools import cached_property, partial
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.safestring import SafeString

from recordings.catalog.criteria import Criteria
from recordings.catalog.fields import (
    LONGEST_QUERY,
    LONGEST_TYPE,
    STATES,
    ParsedField,
    StatesField,
    parse_agent,
    parse_edge,
    parse_length,
    parse_period,
    parse_status,
    parse_stream,
    parse_text,
)
from recordings.catalog.queries import agents_and_streams
from recordings.commbox.enums import STATUSES, label
from recordings.days import Period, today
from recordings.filter_form import FilterForm


class SearchForm(FilterForm):
    """The words and the filters of the two lists. Its template writes the fields itself."""

    q = ParsedField(partial(parse_text, most=LONGEST_QUERY, what="A search"))
    agent = ParsedField(parse_agent)
    stream = ParsedField(parse_stream)
    since = ParsedField(parse_edge)
    until = ParsedField(parse_edge)
    period = ParsedField(parse_period)
    shortest = ParsedField(parse_length)
    longest = ParsedField(parse_length)
    state = StatesField(required=False, choices=list(STATES.items()))
    status = ParsedField(parse_status)
    type = ParsedField(partial(parse_text, most=LONGEST_TYPE, what="A type"))

    def __init__(self, query: QueryDict) -> None:
        super().__init__(_in_one_spelling(query))

    def clean(self) -> dict[str, Any]:
        """Compare the ends of periods and lengths."""
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since.begins_at() >= until.ends_at():
            self.add_error("until", "The end lies before the beginning.")
        shortest, longest = given.get("shortest"), given.get("longest")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("longest", "The maximum length must be at least the minimum.")
        return given

    @property
    def sentences(self) -> list[str]:
        """What cannot be read. Each sentence names its field."""
        return [str(error) for errors in self.errors.values() for error in errors]

    @property
    def readable_filters(self) -> str:
        """The filters without the words, as a query string: those of them that can be read."""
        unread = {"q", *self.errors}
        return urlencode([pair for pair in self.pairs() if pair[0] not in unread], errors="replace")

    @property
    def edges(self) -> list[dict[str, Any]]:
        """Beginning and end of the period for their fields: name, label, day, time, and what cannot be read of it."""
        labels = {"since": "From", "until": "To, included"}
        return [
            {"name": name, "label": label, **_day_and_time(self.values[name]), "errors": self[name].errors}
            for name, label in labels.items()
        ]

    @property
    def values(self) -> dict[str, str]:
        """What was typed or chosen, for the fields."""
        return {name: self.data.get(name, "") for name in self.fields}

    def criteria(self) -> Criteria:
        """What was asked for; call it on a valid form only."""
        given = self.cleaned_data
        since, until = given["since"], given["until"]
        return Criteria(
            words=given["q"],
            agent=given["agent"],
            stream=given["stream"],
            since=since.begins_at() if since else None,
            until=until.ends_at() if until else None,
            shortest=given["shortest"],
            longest=given["longest"],
            states=tuple(dict.fromkeys(self.given("state"))),
            status=given["status"],
            type=given["type"],
        )

    def agent_options(self) -> SafeString:
        return _options("Anybody", self._names[0].items(), self.values["agent"])

    def stream_options(self) -> SafeString:
        return _options("Any channel", self._names[1].items(), self.values["stream"])

    def status_options(self) -> SafeString:
        return _options(
            "Any status", ((str(key), word) for key, word in STATUSES.items()), self.values["status"]
        )

    def state_boxes(self) -> list[tuple[str, str, bool]]:
        """Value and words of each state, and whether it is asked for."""
        return [(value, words, value in self.given("state")) for value, words in STATES.items()]

    @cached_property
    def _names(self) -> tuple[dict[str, str], dict[str, str]]:
        return agents_and_streams()

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        if name in ("agent", "stream"):
            known = self._names[0 if name == "agent" else 1]
            return known.get(value, f"{'agent' if name == 'agent' else 'channel'} {value}")
        if name == "status":
            return label(STATUSES, int(value)) if re.fullmatch("[0-9]{1,6}", value) else value
        patterns = {
            "since": "from {}",
            "until": "to {}",
            "shortest": "at least {}" if ":" in value else "at least {} min",
            "longest": "at most {}" if ":" in value else "at most {} min",
        }
        words = STATES.get(value, value) if name == "state" else value.replace("T", " ")
        return patterns.get(name, "{}").format(words)


def _in_one_spelling(query: QueryDict) -> QueryDict:
    """Write a period asked for by name as its days, and day and time of one edge together, as addresses keep them."""
    data = query.copy()
    if data.get("period") in list(Period):
        since, until = Period(data.pop("period")[-1]).days(today())
        data["since"], data["until"], data["since_at"], data["until_at"] = str(since), str(until), "", ""
    for name in ("since", "until"):
        at = data.get(f"{name}_at", "").strip()
        if at and "T" not in data.get(name, ""):
            data[name] = f"{data.get(name, '').strip()}T{at}"
    return data


def _day_and_time(edge: str) -> dict[str, str]:
    day, _, at = edge.strip().replace(" ", "T").partition("T")
    return {"day": day, "at": at}


def _options(nothing: str, known: Iterable[tuple[str, str]], chosen: str) -> SafeString:
    """Options of a select; one that nobody knows stays chosen."""
    words = {"": nothing, **dict(known)}
    words |= {chosen: chosen} if chosen not in words else {}
    return SafeString(
        "".join(
            f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(word)}</option>'
            for value, word in words.items()
        )
    )
