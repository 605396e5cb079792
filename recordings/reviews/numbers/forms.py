"""The filters of the pages of numbers."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import F
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from recordings.catalog.queries import agents_and_streams
from recordings.days import written_day
from recordings.filter_form import DayField, FilterForm, NamesSelect, check_period, day_label
from recordings.models import Agent, Sample, ScorecardVersion
from recordings.reach import Reach
from recordings.reviews.evaluations import title_of
from recordings.reviews.numbers.samples import samples_in
from recordings.reviews.numbers.selection import MOST_WEEKS, Selection

MOST_DAYS = MOST_WEEKS * 7
_NARROWING = ("since", "until", "version", "team", "agent", "channel")
_ALONE = _("A sample has a period and filters of its own. Remove the other filters.")


class NumbersForm(FilterForm):
    """Period, scorecard version, team, agent and channel. Without a period it is that of `Selection.newest`."""

    since = DayField(label=_("First day"))
    until = DayField(label=_("Last day"))
    version = forms.ChoiceField(required=False, label=_("Scorecard"), widget=NamesSelect)
    team = forms.ChoiceField(required=False, label=_("Team"), widget=NamesSelect)
    agent = forms.ChoiceField(required=False, label=_("Agent"), widget=NamesSelect)
    channel = forms.ChoiceField(required=False, label=_("Channel"), widget=NamesSelect)
    sample = forms.ChoiceField(required=False, label=_("Sample"), widget=NamesSelect)

    def __init__(self, *args: Any, reach: Reach, not_of: Iterable[int] = (), **kwargs: Any) -> None:
        """`reach`: of the evaluations. What is outside it is no choice. `not_of`: agents whose calls do not count."""
        super().__init__(*args, **kwargs)
        self._not_of = tuple(sorted(not_of))
        self.agents, self.channels = agents_and_streams(reach)
        self.team_of, self.teams = _teams(self.agents)
        self.versions = _versions()
        self._samples = {str(row.pk): row for row in samples_in(reach)}
        self.samples = {pk: _sample_words(row) for pk, row in self._samples.items()}
        for name, choices in (
            ("version", self.versions),
            ("team", self.teams),
            ("agent", self.agents),
            ("channel", self.channels),
            ("sample", self.samples),
        ):
            self.fields[name].choices = [("", _("Any")), *choices.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        check_period(self, cleaned)
        if cleaned.get("sample") and any(cleaned.get(name) for name in _NARROWING):
            self.add_error("sample", _ALONE)
        if not self.errors and (self._until(cleaned) - self._since(cleaned)).days >= MOST_DAYS:
            message = ngettext(
                "A period has at most %(number)s week.", "A period has at most %(number)s weeks.", MOST_WEEKS
            )
            self.add_error("since", message % {"number": MOST_WEEKS})
        return cleaned

    def selection(self) -> Selection:
        """Return what a valid form selects."""
        given = self.cleaned_data
        if sample := self._samples.get(given["sample"]):
            zone = ZoneInfo(sample.plan.time_zone)
            since, until = (end.astimezone(zone).date() for end in (sample.period_from, _last(sample)))
            return Selection(since, until, sample.plan.time_zone, sample=sample.pk, not_of=self._not_of)
        ids = {name: int(given[name]) if given[name] else None for name in ("team", "agent", "channel")}
        return Selection(
            self._since(given),
            self._until(given),
            timezone.get_current_timezone_name(),
            UUID(given["version"]) if given["version"] else None,
            team=ids["team"],
            agent=ids["agent"],
            channel=ids["channel"],
            not_of=self._not_of,
        )

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        return [self[name] for name in ("version", "team", "agent", "channel", "sample")]

    @property
    def shown_agents(self) -> dict[str, str]:
        """Return the names of the agents that a valid form's team and agent leave, by id."""
        agent, team = self.cleaned_data["agent"], self.cleaned_data["team"]
        return {
            pk: name
            for pk, name in self.agents.items()
            if (not agent or pk == agent) and (not team or self.team_of.get(pk) == team)
        }

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on: by its name where it is a choice."""
        if name in ("since", "until"):
            return day_label(name, value)
        names = {
            "version": self.versions,
            "team": self.teams,
            "agent": self.agents,
            "channel": self.channels,
            "sample": self.samples,
        }
        return names[name].get(value, value)

    @cached_property
    def _newest(self) -> Selection:
        return Selection.newest(timezone.get_current_timezone_name())

    def _until(self, given: dict[str, Any]) -> date:
        return given["until"] or max(self._newest.until, given["since"] or date.min)

    def _since(self, given: dict[str, Any]) -> date:
        """Return the first day; without one, the beginning of the usual number of weeks up to the last day."""
        length = self._newest.until - self._newest.since
        return given["since"] or self._until(given) - length


def _last(sample: Sample) -> datetime:
    return sample.period_until - timedelta(microseconds=1)


def _sample_words(sample: Sample) -> str:
    """Name a sample by its plan and period, and by its draw when it is not the first."""
    zone = ZoneInfo(sample.plan.time_zone)
    words = {
        "plan": sample.plan.name,
        "since": written_day(sample.period_from.astimezone(zone).date()),
        "until": written_day(_last(sample).astimezone(zone).date()),
        "draw": sample.draw,
    }
    if sample.draw == 1:
        return gettext("%(plan)s, %(since)s to %(until)s") % words
    return gettext("%(plan)s, %(since)s to %(until)s, draw %(draw)s") % words


def _teams(agents: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the present team of each of these agents, and the names of these teams, sorted; all by id."""
    rows = Agent.objects.filter(team__isnull=False).values_list("pk", "team_id", "team__name")
    known = [(str(pk), str(team), name) for pk, team, name in rows if str(pk) in agents]
    found = {(name or gettext("team %(number)s") % {"number": team}, team) for _pk, team, name in known}
    return {pk: team for pk, team, _name in known}, {team: name for name, team in sorted(found)}


def _versions() -> dict[str, str]:
    """Return the scorecard versions that are or were active, the newest first."""
    rows = ScorecardVersion.objects.defer("document").filter(activated_at__isnull=False)
    language = get_language() or "en"
    return {
        str(row.pk): gettext("%(title)s, version %(number)s")
        % {"title": title_of(row, language), "number": row.number}
        for row in rows.order_by(F("activated_at").desc())
    }
