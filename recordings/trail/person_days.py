"""What one person did, day by day, counted from the trail. The days are those of the reader's time zone."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from recordings.audit.kinds import Kind
from recordings.audit.opened import parsed
from recordings.days import Period, moment_of, today
from recordings.filter_form import DayField, FilterForm, check_period, day_label
from recordings.models import AuditEvent
from recordings.reach import EVERYTHING, Reach
from recordings.trail.filters import READING
from recordings.trail.queries import REFUSALS
from recordings.trail.visible import visible_in

# What is counted of a person, and the kinds of its events.
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
_SHOWN = ("sign_ins", "searches", "viewings", "refusals")
_COUNTED_BY_KIND = {kind.value: name for name in _SHOWN for kind in COUNTED[name]}


@dataclass
class PersonDay:
    """One day of one person, as the table shows it. `calls`: the recordings for which a URL was issued."""

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
        """Return the query string of the page for this day alone."""
        return urlencode({"since": self.day.isoformat(), "until": self.day.isoformat()})


class DaysForm(FilterForm):
    """The days of a person's page."""

    since = DayField(label=_("First day"))
    until = DayField(label=_("Last day"))
    only = forms.ChoiceField(required=False, choices=[("", _("Everything")), ("refused", _("Refused only"))])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        check_period(self, cleaned)
        return cleaned

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        return gettext("Refused only") if name == "only" else day_label(name, value)

    def summarized(self) -> tuple[date, date]:
        """Return the days to count: those of the filter, at most DAYS_SHOWN up to the last; else the last seven."""
        this_day = today(timezone.get_current_timezone())
        since, until = self.cleaned_data["since"], self.cleaned_data["until"]
        if not since and not until:
            return Period.LAST_7_DAYS.days(this_day)
        last = min(until or this_day, this_day)
        earliest = last - timedelta(days=DAYS_SHOWN - 1)
        return max(since or earliest, earliest), last

    @property
    def presets(self) -> list[tuple[str, str]]:
        """Return periods by name, each with its query string."""
        this_day = today(timezone.get_current_timezone())
        named = []
        for period in Period:
            first, last = period.days(this_day)
            named.append(
                (str(period.label), urlencode({"since": first.isoformat(), "until": last.isoformat()}))
            )
        return named


def days_of(
    ref: str, first: date, last: date, zone: tzinfo = UTC, *, reach: Reach = EVERYTHING
) -> list[PersonDay]:
    """Count what a person did on each day of this time zone on which they did anything, newest first: two queries.

    `reach`: where the reader may see it.
    """
    start, end = moment_of(first, zone=zone), moment_of(last + timedelta(days=1), zone=zone)
    days: dict[date, PersonDay] = {}
    did = AuditEvent.objects.filter(
        visible_in(reach), actor_ref=ref, recorded_at__gte=start, recorded_at__lt=end
    )
    counted = did.filter(kind__in=list(_COUNTED_BY_KIND)).annotate(day=TruncDate("recorded_at", tzinfo=zone))
    rows = counted.values("day", "kind").annotate(
        events=Count("*"), things=Count("target_ref", distinct=True)
    )
    for day, kind, count, things in rows.values_list("day", "kind", "events", "things"):
        shown, name = days.setdefault(day, PersonDay(day)), _COUNTED_BY_KIND[kind]
        setattr(shown, name, getattr(shown, name) + count)
        if kind == Kind.URL_ISSUED:
            shown.calls = things
    watched = did.filter(kind=Kind.WATCHED)
    for recorded_at, body in watched.values_list("recorded_at", "body"):
        detail = parsed(bytes(body)).get("action_detail")
        watched_ms = detail.get("watched_ms") if isinstance(detail, dict) else None
        if isinstance(watched_ms, int):
            day = recorded_at.astimezone(zone).date()
            days.setdefault(day, PersonDay(day)).watched_ms += watched_ms
    return sorted(days.values(), key=lambda shown: shown.day, reverse=True)
