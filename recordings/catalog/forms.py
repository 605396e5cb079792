"""The search form: the words and filters of a list, read from the query string."""

import re
from collections.abc import Iterable
from functools import cached_property, partial
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from recordings.catalog.criteria import NO_RECORDING, Criteria
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
from recordings.catalog.queries import agent_name, agents_and_streams, channel_name, state_label
from recordings.commbox.enums import STATUSES, label
from recordings.days import Period, today
from recordings.filter_form import FilterForm
from recordings.reach import Reach


class SearchForm(FilterForm):
    """The words and filters of the two lists. The template writes the fields."""

    q = ParsedField(
        partial(parse_text, most=LONGEST_QUERY, too_long=_("Search for at most %(most)s characters."))
    )
    agent = ParsedField(parse_agent)
    stream = ParsedField(parse_stream)
    since = ParsedField(parse_edge)
    until = ParsedField(parse_edge)
    period = ParsedField(parse_period)
    shortest = ParsedField(parse_length)
    longest = ParsedField(parse_length)
    state = StatesField(required=False, choices=[(state, state) for state in STATES])
    status = ParsedField(parse_status)
    type = ParsedField(
        partial(parse_text, most=LONGEST_TYPE, too_long=_("Enter a type of at most %(most)s characters."))
    )

    def __init__(self, query: QueryDict, reach: Reach) -> None:
        """`reach`: the objects whose channels and agents it names."""
        super().__init__(_in_one_spelling(query))
        self._reach = reach

    def clean(self) -> dict[str, Any]:
        """Check that periods and lengths end after they begin."""
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since.begins_at() >= until.ends_at():
            self.add_error("until", gettext("The end must be after the beginning."))
        shortest, longest = given.get("shortest"), given.get("longest")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("longest", gettext("The maximum length must be at least the minimum."))
        return given

    @property
    def sentences(self) -> list[str]:
        """The errors. Each sentence names its field."""
        return [str(error) for errors in self.errors.values() for error in errors]

    @property
    def readable_filters(self) -> str:
        """The valid filters, without the words, as a query string."""
        unread = {"q", *self.errors}
        return urlencode([pair for pair in self.pairs() if pair[0] not in unread], errors="replace")

    @property
    def edges(self) -> list[dict[str, Any]]:
        """The two ends of the period for their fields: name, labels, day, time and errors."""
        labels = {
            "since": (pgettext("period", "From"), gettext("From: time of day")),
            "until": (pgettext("period", "To (included)"), gettext("To: time of day")),
        }
        return [
            {
                "name": name,
                "label": label,
                "time_label": time_label,
                **_day_and_time(self.values[name]),
                "errors": self[name].errors,
            }
            for name, (label, time_label) in labels.items()
        ]

    @property
    def values(self) -> dict[str, str]:
        """What was entered, by field."""
        return {name: self.data.get(name, "") for name in self.fields}

    def criteria(self) -> Criteria:
        """Return the criteria of a valid form."""
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
        return _options(pgettext("agent", "Any"), self._names[0].items(), self.values["agent"])

    def stream_options(self) -> SafeString:
        return _options(pgettext("channel", "Any"), self._names[1].items(), self.values["stream"])

    def status_options(self) -> SafeString:
        known = ((str(status), str(words)) for status, words in STATUSES.items())
        return _options(pgettext("status", "Any"), known, self.values["status"], names=False)

    def state_boxes(self) -> list[tuple[str, str, bool]]:
        """Return value and label of each state, and whether it is chosen."""
        return [(value, _state_name(value), value in self.given("state")) for value in STATES]

    @cached_property
    def _names(self) -> tuple[dict[str, str], dict[str, str]]:
        return agents_and_streams(self._reach)

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is set, in the reader's language."""
        match name:
            case "agent":
                return self._names[0].get(value) or agent_name("", value)
            case "stream":
                return self._names[1].get(value) or channel_name("", value)
            case "status":
                return label(STATUSES, int(value)) if re.fullmatch("[0-9]{1,6}", value) else value
            case "state":
                return _state_name(value)
            case "since":
                return gettext("from %(time)s") % {"time": _edge(value)}
            case "until":
                return gettext("to %(time)s") % {"time": _edge(value)}
            case "shortest":
                words = gettext("at least %(length)s") if ":" in value else gettext("at least %(length)s min")
                return words % {"length": value}
            case "longest":
                words = gettext("at most %(length)s") if ":" in value else gettext("at most %(length)s min")
                return words % {"length": value}
        return value


_NO_WORDS = ' translate="no"'  # names are the same in every language


def _in_one_spelling(query: QueryDict) -> QueryDict:
    """Replace a period by its days, and join day and time of an edge, as addresses hold them."""
    data = query.copy()
    if data.get("period") in list(Period):
        since, until = Period(data.pop("period")[-1]).days(today(timezone.get_current_timezone()))
        data["since"], data["until"], data["since_at"], data["until_at"] = str(since), str(until), "", ""
    for name in ("since", "until"):
        at = data.get(f"{name}_at", "").strip()
        if at and "T" not in data.get(name, ""):
            data[name] = f"{data.get(name, '').strip()}T{at}"
    return data


def _state_name(value: str) -> str:
    return state_label("" if value == NO_RECORDING else value)


def _edge(value: str) -> str:
    """Write an end of the period in the reader's language; an invalid one as it was entered."""
    try:
        return str(parse_edge(value.strip()) or value)
    except ValidationError:
        return value


def _day_and_time(edge: str) -> dict[str, str]:
    day, _, at = edge.strip().replace(" ", "T").partition("T")
    return {"day": day, "at": at}


def _options(
    nothing: str, known: Iterable[tuple[str, str]], chosen: str, *, names: bool = True
) -> SafeString:
    """Write the options of a select, which are names unless `names` is false. An unknown one stays chosen."""
    words = {"": nothing, **dict(known)}
    words |= {chosen: chosen} if chosen not in words else {}
    return SafeString(  # markup: value and word of each option are escaped
        "".join(
            f'<option value="{escape(value)}"{" selected" if value == chosen else ""}'
            f"{_NO_WORDS if names and value else ''}>{escape(word)}</option>"
            for value, word in words.items()
        )
    )
