"""What one person did, day by day (UTC): counted from the trail, refusals among it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db import connection

from recordings.audit.kinds import Kind
from recordings.audit.opened import parsed
from recordings.days import Period, moment_of, today
from recordings.db import fetch_all
from recordings.filter_form import DayField, FilterForm
from recordings.models import AuditEvent
from recordings.trail.filter_words import day_words
from recordings.trail.filters import READING
from recordings.trail.queries import REFUSALS

# What is counted of a person: the name, the kinds of events.
COUNTED: dict[str, tuple[Kind, ...]] = {
    "sign_ins": (Kind.SIGNED_IN,),
    "failed_sign_ins": (Kind.SIGN_IN_FAILED,),
    "searches": (Kind.SEARCHED,),
    "openings": (Kind.OBJECT_OPENED, Kind.RECORDING_OPENED),
    "viewings": (Kind.URL_ISSUED,),
    "refusals": (Kind.ACCESS_DENIED, *REFUSALS),
    "readings": (*READING, Kind.ASSURANCE_OPENED),
    "reports": (Kind.REPORT_REQUESTED,),
    "downloads": (Kind.REPORT_DOWNLOADED, Kind.STATEMENT_DOWNLOADED),
}
DAYS_SHOWN = 31
_DAY = "(recorded_at AT TIME ZONE 'UTC')::date"
_COUNTS = f"""
SELECT {_DAY} AS day, kind, count(*), count(DISTINCT target_ref) FROM audit.event
WHERE actor_ref = %s AND recorded_at >= %s AND recorded_at < %s AND kind = ANY (%s) GROUP BY day, kind
"""  # noqa: S608 (nothing but the expression above)
_SHOWN = ("sign_ins", "searches", "viewings", "refusals")
_COUNTED_BY_KIND = {kind.value: name for name in _SHOWN for kind in COUNTED[name]}


@dataclass
class PersonDay:
    """One day of one person, as the table shows it. `calls` are the recordings that were given out."""

    day: date
    sign_ins: int = 0
    searches: int = 0
    viewings: int = 0
    refusals: int = 0
    calls: int = 0
    watched_ms: int = 0

    @property
    def seconds(self) -> int:
        return self.watched_ms // 1000

    @property
    def query(self) -> str:
        """The query string of the page for this day alone."""
        return urlencode({"since": self.day.isoformat(), "until": self.day.isoformat()})


class DaysForm(FilterForm):
    """The days of a person's page."""

    since = DayField(label="First day (UTC)")
    until = DayField(label="Last day (UTC)")
    only = forms.ChoiceField(required=False, choices=[("", "Everything"), ("refused", "Refused only")])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and since > until:
            self.add_error("until", "The last day lies before the first.")
        return cleaned

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        known = {
            "since": f"from {day_words(value)}",
            "until": f"to {day_words(value)}",
            "only": "Refused only",
        }
        return known.get(name, value)

    def summarized(self) -> tuple[date, date]:
        """The days that are counted: those asked for, at most DAYS_SHOWN up to the last; else the last seven."""
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if not since and not until:
            return Period.LAST_7_DAYS.days(today())
        last = min(until or today(), today())
        earliest = last - timedelta(days=DAYS_SHOWN - 1)
        return max(since or earliest, earliest), last

    @property
    def presets(self) -> list[tuple[str, str]]:
        """Periods by name, each with its query string."""
        named = []
        for period in Period:
            first, last = period.days(today())
            named.append(
                (str(period.label), urlencode({"since": first.isoformat(), "until": last.isoformat()}))
            )
        return named


def days_of(ref: str, first: date, last: date) -> list[PersonDay]:
    """Count what a person did on each of these days on which they did something, newest first: two queries."""
    start, end = moment_of(first), moment_of(last + timedelta(days=1))
    days: dict[date, PersonDay] = {}
    kinds = list(_COUNTED_BY_KIND)
    for day, kind, count, things in fetch_all(connection, _COUNTS, [ref, start, end, kinds]):
        shown, name = days.setdefault(day, PersonDay(day)), _COUNTED_BY_KIND[kind]
        setattr(shown, name, getattr(shown, name) + count)
        if kind == Kind.URL_ISSUED:
            shown.calls = things
    watched = AuditEvent.objects.filter(
        actor_ref=ref, kind=Kind.WATCHED, recorded_at__gte=start, recorded_at__lt=end
    )
    for recorded_at, body in watched.values_list("recorded_at", "body"):
        detail = parsed(bytes(body)).get("action_detail")
        watched_ms = detail.get("watched_ms") if isinstance(detail, dict) else None
        if isinstance(watched_ms, int):
            day = recorded_at.date()
            days.setdefault(day, PersonDay(day)).watched_ms += watched_ms
    return sorted(days.values(), key=lambda shown: shown.day, reverse=True)
