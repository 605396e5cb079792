"""The fields of the search form: they parse what a person typed.

They are stricter than Django's own fields, which accept ٣ as 3.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.catalog.criteria import NO_RECORDING
from recordings.days import FIRST_DAY, LAST_DAY, moment_of, written_day
from recordings.db import BIGGEST_ID
from recordings.models import RecordingState

LONGEST_QUERY, LONGEST_TYPE = 10_000, 80
MOST_MINUTES, BIGGEST_STATUS = 100_000, 100_000
MINUTE = timedelta(minutes=1)
STATES = (*(state.value for state in RecordingState), NO_RECORDING)
_EDGE = re.compile(r"(\d{4}-\d{2}-\d{2})?(?:[T ](\d{2}:\d{2}))?", re.ASCII)
_LENGTH = re.compile(r"(?:(\d{1,6}):(?=[0-5]\d:))?(\d{1,6})(?::([0-5]\d))?", re.ASCII)


def parse_text(text: str, most: int, too_long: str | Promise) -> str:
    """Strip a text. `too_long` is the sentence for a longer one, with the place %(most)s."""
    if len(text) > most:
        raise ValidationError(str(too_long) % {"most": f"{most:,}"})
    # Pasted text may contain characters that PostgreSQL cannot store: drop them.
    return text.replace("\0", " ").encode("utf-8", "replace").decode().strip()


def parse_number(text: str, biggest: int, sentence: str | Promise) -> int | None:
    """Read a whole number from 0 to `biggest`; None for an empty text. `sentence` is the error for anything else."""
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= biggest):
        raise ValidationError(str(sentence))
    return int(text)


@dataclass(frozen=True)
class Edge:
    """The beginning or end of a period: a day in the reader's time zone, with a time of day if one was given.

    Clocks show some times twice a year, and skip others. Then the earlier reading begins a period and the later one
    ends it, so that the period leaves nothing out.
    """

    day: date
    at: time | None

    def begins_at(self) -> datetime:
        """Return its first moment, in UTC."""
        return self._readings()[0]

    def ends_at(self) -> datetime:
        """Return the first moment after the day or the minute, in UTC."""
        if self.at is None:
            return Edge(self.day + timedelta(days=1), None).begins_at()
        return self._readings()[1] + MINUTE

    def _readings(self) -> tuple[datetime, datetime]:
        """Return the first and the last moment that it may mean; a day has one."""
        zone = timezone.get_current_timezone()
        if self.at is None:
            return (moment_of(self.day, zone=zone),) * 2
        first, last = sorted(moment_of(self.day, self.at.replace(fold=fold), zone) for fold in (0, 1))
        return first, last

    def __str__(self) -> str:
        """Write it in the reader's language."""
        day = written_day(self.day)
        return day if self.at is None else f"{day} {self.at:%H:%M}"


def parse_edge(text: str) -> Edge | None:
    """Read 2026-11-20, or 2026-11-20T14:30, as an edge; None for an empty text."""
    if not text:
        return None
    found = _EDGE.fullmatch(text)
    if found and not found[1]:
        raise ValidationError(gettext("Enter a day for this time."))
    try:
        edge = Edge(date.fromisoformat(found[1]), _time(found[2])) if found else None
    except ValueError:
        edge = None
    if edge is None:
        raise ValidationError(
            gettext("Enter a day like 2026-11-20, or a day and time like 2026-11-20 14:30.")
        )
    if not FIRST_DAY <= edge.day <= LAST_DAY:
        message = gettext("Enter a day from %(first)s to %(last)s.")
        raise ValidationError(message % {"first": FIRST_DAY, "last": LAST_DAY})
    return edge


def _time(text: str | None) -> time | None:
    return time.fromisoformat(text) if text else None


def parse_length(text: str) -> int | None:
    """Read a length, "2" for two minutes, "2:30" or "1:02:30", in seconds."""
    if not text:
        return None
    found = _LENGTH.fullmatch(text)
    if not found:
        raise ValidationError(
            gettext("Enter a length in minutes, like 2, or in minutes and seconds, like 2:30.")
        )
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    if hours * 60 + minutes > MOST_MINUTES:
        message = gettext("Enter a length of at most %(most)s minutes.")
        raise ValidationError(message % {"most": f"{MOST_MINUTES:,}"})
    return hours * 3600 + minutes * 60 + seconds


def parse_period(text: str) -> None:
    """Refuse a period: the known ones were replaced by their days."""
    if text:
        raise ValidationError(gettext("“%(period)s” is not a known period.") % {"period": text[:40]})


class ParsedField(forms.Field):
    """A field that one of the functions of this module parses."""

    def __init__(self, parse: Callable[[str], Any]) -> None:
        super().__init__(required=False)
        self.parse = parse

    def to_python(self, value: Any) -> Any:
        return self.parse((value or "").strip())


class StatesField(forms.MultipleChoiceField):
    def validate(self, value: Any) -> None:
        unknown = [state for state in value if state and state not in STATES]
        if unknown:
            message = gettext("“%(state)s” is not a known state.")
            raise ValidationError([message % {"state": state[:40]} for state in unknown])


parse_id = partial(parse_number, biggest=BIGGEST_ID)
parse_agent = partial(parse_id, sentence=_("Enter the number of the agent in CommBox."))
parse_stream = partial(parse_id, sentence=_("Enter the number of the channel in CommBox."))
parse_status = partial(parse_number, biggest=BIGGEST_STATUS, sentence=_("Enter the number of the status."))
