"""Lists of submitted evaluations: of those in reach, and of an agent's own calls."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import get_language, gettext, gettext_lazy

from recordings.catalog.queries import agent_name, agents_and_streams
from recordings.days import moment_of
from recordings.filter_form import DayField, FilterForm, NamesSelect, check_period, day_label
from recordings.models import Team
from recordings.paging import COUNTED, PAGE, Page, Start, TimeKey
from recordings.reach import Reach
from recordings.reviews.disputes.rights import withheld_from
from recordings.reviews.disputes.standing import (
    LITTLE,
    TONES,
    State,
    decide_until,
    in_state,
    submitted,
)
from recordings.reviews.evaluations import title_of
from recordings.reviews.queries import counted_evaluations, scorecard_rows
from recordings.scorecards.texts import localized


@dataclass(frozen=True)
class ResultRow:
    """A submitted evaluation in a list. `row` is annotated by `standing.submitted`."""

    row: Any
    title: str
    agent: str
    # The reader may have to answer a disputed question blind: the score would tell them the answer.
    is_withheld: bool = False

    @property
    def score(self) -> str:
        return (self.row.newest_score or "").removesuffix(".00")

    @property
    def state_label(self) -> str:
        return str(State(self.row.state).label)

    @property
    def tone(self) -> str:
        return TONES[State(self.row.state)]

    @property
    def is_little(self) -> bool:
        """Whether less than LITTLE percent of the recording was watched."""
        return self.row.newest_percent is not None and self.row.newest_percent < LITTLE

    @property
    def due_at(self) -> Any:
        """The deadline of what is to be done now; None when nothing is."""
        if self.row.state == State.DISPUTED:
            return decide_until(self.row.oldest_open_at)
        return self.row.due_at if self.row.state in (State.WAITING, State.OVERDUE) else None


class ResultsForm(FilterForm):
    """The filters of the list of results. Only agents and teams in reach are offered."""

    state = forms.ChoiceField(
        label=gettext_lazy("State"), required=False, choices=[("", gettext_lazy("All")), *State.choices]
    )
    agent = forms.ChoiceField(label=gettext_lazy("Agent"), required=False, widget=NamesSelect)
    team = forms.ChoiceField(label=gettext_lazy("Team"), required=False, widget=NamesSelect)
    scorecard = forms.ChoiceField(label=gettext_lazy("Scorecard"), required=False, widget=NamesSelect)
    recording = forms.UUIDField(label=gettext_lazy("Recording"), required=False, widget=forms.HiddenInput)
    since = DayField(label=gettext_lazy("First day"))
    until = DayField(label=gettext_lazy("Last day"))

    def __init__(self, *args: Any, within: Reach, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = get_language() or "en"
        agents, _streams = agents_and_streams(within)
        named = {key: name for key, name in agents.items() if within.names_agent(int(key))}
        teams = Team.objects.filter(agents__in=[int(key) for key in named]).distinct().order_by("name", "pk")
        self._names = {
            "agent": named,
            "team": {str(team.pk): team.name or str(team.pk) for team in teams},
            "scorecard": {
                str(row.shown.scorecard_id): localized(row.shown.title, language) for row in scorecard_rows()
            },
        }
        for name, names in self._names.items():
            self.fields[name].choices = [("", gettext("All")), *names.items()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Check that the period is one."""
        cleaned: dict[str, Any] = super().clean() or {}
        check_period(self, cleaned)
        return cleaned

    def describe(self, name: str, value: str) -> str:
        """Describe a filter that is on."""
        if name in ("since", "until"):
            return day_label(name, value)
        if name == "state":
            return str(State(value).label) if value in State.values else value
        if name == "recording":
            return gettext("recording %(id)s") % {"id": value[-8:].upper()}
        return self._names[name].get(value, value)

    @property
    def choices_of_one(self) -> list[forms.BoundField]:
        """Return the fields of which one value is chosen."""
        return [self[name] for name in ("state", "agent", "team", "scorecard")]

    @property
    def q(self) -> Q:
        """Return the filters of a valid form as a condition on evaluations. Days are the reader's."""
        given, zone = self.cleaned_data, timezone.get_current_timezone()
        query = Q()
        if given["state"]:
            query &= in_state(State(given["state"]))
        if given["recording"]:
            query &= Q(recording=given["recording"])
        if given["agent"]:
            query &= Q(recording__object__agent_id=int(given["agent"]))
        if given["team"]:
            query &= Q(recording__object__agent__team_id=int(given["team"]))
        if given["scorecard"]:
            query &= Q(version__scorecard_id=UUID(given["scorecard"]))
        if given["since"]:
            query &= Q(submitted_at__gte=moment_of(given["since"], zone=zone))
        if given["until"]:
            query &= Q(submitted_at__lt=moment_of(given["until"] + timedelta(days=1), zone=zone))
        return query


def results_in(within: Reach, *, not_of: frozenset[int]) -> QuerySet[Any]:
    """Return the submitted evaluations in reach, without those of calls of one's own agents."""
    rows = counted_evaluations().filter(within.q("recording__object__"))
    return rows.exclude(recording__object__agent_id__in=not_of) if not_of else rows


def own_results(own_calls: Reach) -> QuerySet[Any]:
    """Return the released evaluations of an agent's calls."""
    return counted_evaluations().filter(own_calls.q("recording__object__"), release__isnull=False)


def results_page(rows: QuerySet[Any], start: Start[TimeKey], reader: Any) -> Page[ResultRow, TimeKey]:
    """Return one page of evaluations as `reader` sees them, the newest first: three queries, four with disputes.

    The standing is derived for those of the page only.
    """
    count = rows[: COUNTED + 1].count()
    if (key := start.key) is not None:
        same = Q(submitted_at=key.shown_at)
        rows = rows.filter(
            Q(submitted_at__gt=key.shown_at) | (same & Q(pk__gt=key.id))
            if start.newer
            else Q(submitted_at__lt=key.shown_at) | (same & Q(pk__lt=key.id))
        )
    rows = rows.order_by("submitted_at", "pk") if start.newer else rows.order_by("-submitted_at", "-pk")
    keys = [TimeKey(*key) for key in rows.values_list("submitted_at", "pk")[: PAGE + 1]]
    found = Page.cut(keys, start, lambda key: key, count=count)
    full = submitted().select_related("version", "scorer", "recording__object__agent")
    full = full.defer("version__document", "recording__raw", "recording__object__raw", "typed", "replaced")
    of, language = full.in_bulk([key.id for key in found.rows]), get_language() or "en"
    hidden = withheld_from(reader, of.values())
    return found.showing([shown(of[key.id], language, key.id in hidden) for key in found.rows])


def shown(row: Any, language: str, is_withheld: bool = False) -> ResultRow:
    """Return an evaluation as lists and pages show it."""
    thing = row.recording.object
    agent = agent_name(thing.agent.name if thing.agent else "", thing.agent_id)
    return ResultRow(row, title_of(row.version, language), agent, is_withheld)
