"""The fields of the search form: what a person may type, and what it means.

They are stricter than Django's own fields, which take ٣ for 3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from recordings.catalog.criteria import NO_RECORDING
from recordings.catalog.queries import state_label
from recordings.days import FIRST_DAY, LAST_DAY, moment_of
from recordings.db import BIGGEST_ID
from recordings.models import RecordingState

LONGEST_QUERY, LONGEST_TYPE = 10_000, 80
MOST_MINUTES, BIGGEST_STATUS = 100_000, 100_000
MINUTE = timedelta(minutes=1)
STATES = {
    **{state.value: state_label(state.value) for state in RecordingState},
    NO_RECORDING: state_label(""),
}
_EDGE = re.compile(r"(\d{4}-\d{2}-\d{2})?(?:[T ](\d{2}:\d{2}))?", re.ASCII)
_LENGTH = re.compile(r"(?:(\d{1,6}):(?=[0-5]\d:))?(\d{1,6})(?::([0-5]\d))?", re.ASCII)


def parse_text(text: str, most: int, what: str) -> str:
    if len(text) > most:
        raise ValidationError(f"{what} has at most {most:,} characters.")
    # Signs that no text holds come with pasted text; they are dropped, not complained about.
    return text.replace("\0", " ").encode("utf-8", "replace").decode().strip()


def parse_number(text: str, biggest: int, sentence: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= biggest):
        raise ValidationError(sentence)
    return int(text)


@dataclass(frozen=True)
class Edge:
    """Where a period of recordings begins or ends: a day, and a time of it if one was given."""

    day: date
    at: time | None

    def begins_at(self) -> datetime:
        return moment_of(self.day, self.at or time.min)

    def ends_at(self) -> datetime:
        """The first moment after the day or the minute, which is included itself."""
        if self.at is None:
            return moment_of(self.day + timedelta(days=1))
        return moment_of(self.day, self.at) + MINUTE


def parse_edge(text: str) -> Edge | None:
    if not text:
        return None
    found = _EDGE.fullmatch(text)
    if found and not found[1]:
        raise ValidationError("A time of day needs its day.")
    try:
        edge = Edge(date.fromisoformat(found[1]), _time(found[2])) if found else None
    except ValueError:
        edge = None
    if edge is None:
        raise ValidationError("A day is written like 2026-11-20, with a time like 2026-11-20 14:30.")
    if not FIRST_DAY <= edge.day <= LAST_DAY:
        raise ValidationError(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")
    return edge


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def parse_length(text: str) -> int | None:
    """Read a length, "2" for two minutes, "2:30" or "1:02:30", in seconds."""
    if not text:
        return None
    found = _LENGTH.fullmatch(text)
    if not found:
        raise ValidationError("A length is written in minutes, like 2, or in minutes and seconds, like 2:30.")
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if hours * 60 + minutes > MOST_MINUTES:
        raise ValidationError(f"A length has at most {MOST_MINUTES:,} minutes.")
    return hours * 3600 + minutes * 60 + seconds


def parse_period(text: str) -> None:
    if text:
        raise ValidationError(f"There is no period “{text[:40]}”.")


class ParsedField(forms.Field):
    """A field that one of the functions here parses."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__(required=False)
        self.parse = parse

    def to_python(self, value: Any) -> Any:
        return self.parse((value or "").strip())


class StatesField(forms.MultipleChoiceField):
    def validate(self, value: Any) -> None:
        unknown = [state for state in value if state and state not in STATES]
        if unknown:
            raise ValidationError([f"Recordings have no state “{state[:40]}”." for state in unknown])


parse_id = partial(parse_number, biggest=BIGGEST_ID)
parse_agent = partial(parse_id, sentence="Agents are filtered by their number in CommBox.")
parse_stream = partial(parse_id, sentence="Channels are filtered by their number in CommBox.")
parse_status = partial(parse_number, biggest=BIGGEST_STATUS, sentence="A status is a number.")
