"""The search bar and its filters, as people give them in the address.

Ten fields are read on every keystroke that pauses, so they are read by hand: Django's forms copy and bind each of
them first, which takes longer than most searches.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, partial
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.safestring import SafeString

from recordings.catalog.criteria import NO_RECORDING, Criteria
from recordings.catalog.queries import agents_and_streams, state_label
from recordings.commbox.enums import STATUSES, label
from recordings.db import BIGGEST_ID
from recordings.models import RecordingState

LONGEST_QUERY, LONGEST_TYPE = 10_000, 80
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)
MOST_MINUTES, BIGGEST_STATUS = 100_000, 100_000
STATES = {
    **{state.value: state_label(state.value) for state in RecordingState},
    NO_RECORDING: state_label(""),
}


class Unreadable(ValueError):
    """A value of the address that means nothing, with the sentence for whoever typed it."""


def _text(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise Unreadable(f"{what} has at most {most:,} characters.")
    # Signs that no text holds come with pasted text; they are dropped, not complained about.
    return text.replace("\0", " ").encode("utf-8", "replace").decode().strip()


def _number(text: str, biggest: int, sentence: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= biggest):
        raise Unreadable(sentence)
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Unreadable("A day is written like 2026-11-20.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Unreadable(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


_LENGTH = partial(_number, biggest=MOST_MINUTES, sentence="A length is a number of whole minutes.")
READERS: dict[str, Callable[[str], Any]] = {
    "q": partial(_text, most=LONGEST_QUERY, what="A search"),
    "agent": partial(_number, biggest=BIGGEST_ID, sentence="Agents are filtered by their number in CommBox."),
    "stream": partial(
        _number, biggest=BIGGEST_ID, sentence="Channels are filtered by their number in CommBox."
    ),
    "since": _day,
    "until": _day,
    "shortest": _LENGTH,
    "longest": _LENGTH,
    "status": partial(_number, biggest=BIGGEST_STATUS, sentence="A status is a number."),
    "type": partial(_text, most=LONGEST_TYPE, what="A type"),
}
NAMES = ("q", "agent", "stream", "since", "until", "shortest", "longest", "state", "status", "type")


@dataclass(frozen=True)
class Chip:
    """A filter that is on: its words, and the address without it."""

    text: str
    without: str


class SearchForm:
    """Reads the query string. What cannot be read is refused with a sentence, never ignored."""

    def __init__(self, data: QueryDict) -> None:
        self.pairs = [(name, value) for name in NAMES for value in data.getlist(name) if value]
        self.given = {name: data.get(name, "") for name in NAMES}
        self.sentences: list[str] = []
        self._values = {name: self._read(read, self.given[name].strip()) for name, read in READERS.items()}
        self._states = tuple(dict.fromkeys(value for name, value in self.pairs if name == "state"))
        self._check()

    def is_valid(self) -> bool:
        return not self.sentences

    def criteria(self) -> Criteria:
        """What was asked for; call it on a valid form only."""
        given = self._values
        since, until = given["since"], given["until"]
        return Criteria(
            words=given["q"],
            agent=given["agent"],
            stream=given["stream"],
            since=_midnight(since) if since else None,
            until=_midnight(until) + timedelta(days=1) if until else None,
            shortest=_seconds(given["shortest"]),
            longest=_seconds(given["longest"]),
            states=self._states,
            status=given["status"],
            type=given["type"],
        )

    def chips(self) -> list[Chip]:
        """The filters that are on, each with the address of the page without it."""
        return [
            Chip(self._said(name, value), self.query(without=(name, value)))
            for name, value in self.pairs
            if name != "q"
        ]

    def query(self, without: tuple[str, str] | None = None) -> str:
        """Words and filters as a query string, without one of them where named; cursors never travel along."""
        return urlencode([pair for pair in self.pairs if pair != without], errors="replace")

    def agent_options(self) -> SafeString:
        return _options("Anybody", self._names[0].items(), self.given["agent"])

    def stream_options(self) -> SafeString:
        return _options("Any channel", self._names[1].items(), self.given["stream"])

    def status_options(self) -> SafeString:
        return _options(
            "Any status", ((str(key), word) for key, word in STATUSES.items()), self.given["status"]
        )

    def state_boxes(self) -> list[tuple[str, str, bool]]:
        """Value and words of each state, and whether it is asked for."""
        return [(value, words, value in self._states) for value, words in STATES.items()]

    @cached_property
    def _names(self) -> tuple[dict[str, str], dict[str, str]]:
        return agents_and_streams()

    def _read(self, read: Callable[[str], Any], text: str) -> Any:
        try:
            return read(text)
        except Unreadable as error:
            self.sentences.append(str(error))
            return None

    def _check(self) -> None:
        """What no field can say alone."""
        given = self._values
        if given["since"] and given["until"] and given["since"] > given["until"]:
            self.sentences.append("The last day lies before the first.")
        if None not in (given["shortest"], given["longest"]) and given["shortest"] > given["longest"]:
            self.sentences.append("The greatest length is smaller than the least.")
        unknown = [state for state in self._states if state not in STATES]
        self.sentences += [f"Recordings have no state “{state[:40]}”." for state in unknown]

    def _said(self, name: str, value: str) -> str:
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
