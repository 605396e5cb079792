"""Read the search bar and its filters from the query string."""

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from html import escape
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString

from recordings.catalog.criteria import NO_RECORDING, Criteria
from recordings.catalog.queries import agents_and_streams, state_label
from recordings.commbox.enums import STATUSES, label
from recordings.db import BIGGEST_ID
from recordings.filter_form import FilterForm
from recordings.models import RecordingState

LONGEST_QUERY, LONGEST_TYPE = 10_000, 80
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
MOST_MINUTES, BIGGEST_STATUS = 100_000, 100_000
STATES = {
    **{state.value: state_label(state.value) for state in RecordingState},
    NO_RECORDING: state_label(""),
}


def _parse_text(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise ValidationError(f"{what} has at most {most:,} characters.")
    # Signs that no text holds come with pasted text; they are dropped, not complained about.
    return text.replace("\0", " ").encode("utf-8", "replace").decode().strip()


def _parse_number(text: str, biggest: int, sentence: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= biggest):
        raise ValidationError(sentence)
    return int(text)


def _parse_day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValidationError("A day is written like 2026-11-20.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


class _ParsedField(forms.Field):
    """A field that one of the functions above parses: stricter than Django's fields, which take ٣ for 3."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__(required=False)
        self.parse = parse

    def to_python(self, value: Any) -> Any:
        return self.parse((value or "").strip())


class _States(forms.MultipleChoiceField):
    def validate(self, value: Any) -> None:
        unknown = [state for state in value if state and state not in STATES]
        if unknown:
            raise ValidationError([f"Recordings have no state “{state[:40]}”." for state in unknown])


_parse_id = partial(_parse_number, biggest=BIGGEST_ID)
_parse_agent = partial(_parse_id, sentence="Agents are filtered by their number in CommBox.")
_parse_stream = partial(_parse_id, sentence="Channels are filtered by their number in CommBox.")
_parse_length = partial(
    _parse_number, biggest=MOST_MINUTES, sentence="A length is a number of whole minutes."
)
_parse_status = partial(_parse_number, biggest=BIGGEST_STATUS, sentence="A status is a number.")


class SearchForm(FilterForm):
    """The words and the filters of the two lists. Its template writes the fields itself."""

    q = _ParsedField(partial(_parse_text, most=LONGEST_QUERY, what="A search"))
    agent = _ParsedField(_parse_agent)
    stream = _ParsedField(_parse_stream)
    since = _ParsedField(_parse_day)
    until = _ParsedField(_parse_day)
    shortest = _ParsedField(_parse_length)
    longest = _ParsedField(_parse_length)
    state = _States(required=False, choices=list(STATES.items()))
    status = _ParsedField(_parse_status)
    type = _ParsedField(partial(_parse_text, most=LONGEST_TYPE, what="A type"))

    def clean(self) -> dict[str, Any]:
        """Compare the ends of days and lengths."""
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day lies before the first.")
        shortest, longest = given.get("shortest"), given.get("longest")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("longest", "The greatest length is smaller than the least.")
        return given

    @property
    def sentences(self) -> list[str]:
        """What cannot be read. Each sentence names its field."""
        return [str(error) for errors in self.errors.values() for error in errors]

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
            since=_midnight(since) if since else None,
            until=_midnight(until) + timedelta(days=1) if until else None,
            shortest=_seconds(given["shortest"]),
            longest=_seconds(given["longest"]),
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
            return label(STATUSES, int(value)) if value.isdecimal() else value
        patterns = {
            "since": "from {}",
            "until": "to {}",
            "shortest": "at least {} min",
            "longest": "at most {} min",
        }
        return patterns.get(name, "{}").format(STATES.get(value, value) if name == "state" else value)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60


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
