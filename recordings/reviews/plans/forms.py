"""The form of a sampling plan, and of a draw by hand."""

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils.html import format_html
from django.utils.translation import get_language, gettext, gettext_lazy

from recordings.models import (
    Agent,
    PlanGroup,
    PlanPeriod,
    SamplingPlan,
    Scorecard,
    ScorecardState,
    ScorecardVersion,
    Stream,
    Team,
)
from recordings.permissions import Permission
from recordings.reach import Reach
from recordings.reviews.evaluations import title_of

MOST, MOST_DAYS, LONGEST = 1000, 365, 86_400
LONGEST_REASON = 500
_LIMITS = ("channels", "teams", "agents")


def _ids(label: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=label, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )


class PlanForm(forms.Form):
    """What a plan draws, how many, how often, and who evaluates it. `reach`: of the person who fills it in."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=120)
    scorecard = forms.ChoiceField(label=gettext_lazy("Scorecard"))
    channels = _ids(gettext_lazy("Channels"))
    teams = _ids(gettext_lazy("Teams"))
    agents = _ids(gettext_lazy("Agents"))
    shortest_seconds = forms.IntegerField(
        label=gettext_lazy("Shortest length, in seconds"), min_value=0, max_value=LONGEST, required=False
    )
    longest_seconds = forms.IntegerField(
        label=gettext_lazy("Greatest length, in seconds"), min_value=0, max_value=LONGEST, required=False
    )
    period = forms.ChoiceField(label=gettext_lazy("Period"), choices=PlanPeriod.choices)
    group = forms.ChoiceField(label=gettext_lazy("Count"), choices=PlanGroup.choices)
    number = forms.IntegerField(
        label=gettext_lazy("How many in a period"), min_value=1, max_value=MOST, initial=5
    )
    parts = forms.IntegerField(
        label=gettext_lazy("Spread over how many parts of the period"),
        min_value=1,
        max_value=31,
        initial=1,
        help_text=gettext_lazy("Each part gives the same number. 1: drawn from the whole period at once."),
    )
    due_days = forms.IntegerField(
        label=gettext_lazy("Days to evaluate after the draw"), min_value=1, max_value=MOST_DAYS, initial=7
    )

    def __init__(self, *args: Any, reach: Reach, plan: SamplingPlan | None = None, **kwargs: Any) -> None:
        if plan is not None:
            kwargs["initial"] = {
                name: getattr(plan, name) for name in self.base_fields if name != "scorecard"
            } | {"scorecard": str(plan.scorecard_id)}
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["scorecard"].choices = _scorecards(plan)
        if plan is not None:
            fields["scorecard"].disabled = True  # evaluations of one plan stay comparable
        channels = Stream.objects.values_list("pk", "name")
        fields["channels"].choices = _named(row for row in channels if reach.names_channel(row[0]))
        agents = list(Agent.objects.values_list("pk", "name", "team_id"))
        reached = [row for row in agents if reach.names_agent(row[0])]
        fields["agents"].choices = _named(row[:2] for row in reached)
        teams = Team.objects.filter(pk__in={team for *_agent, team in reached if team})
        fields["teams"].choices = _named(teams.values_list("pk", "name"))
        self.people = _scorers(plan)
        for person in self.people:
            load = plan.scorers.get(str(person.pk)) if plan else None
            fields[f"load_{person.pk}"] = forms.IntegerField(
                label=format_html("<bdi>{}</bdi>", person.display_name),
                min_value=0,
                max_value=MOST,
                required=False,
                initial=load,
            )

    @property
    def scope_fields(self) -> list[forms.BoundField]:
        """The fields that limit which recordings are drawn, for a list of check boxes each."""
        return [self[name] for name in _LIMITS]

    @property
    def load_fields(self) -> list[forms.BoundField]:
        """The fields of the scorers' loads."""
        return [self[f"load_{person.pk}"] for person in self.people]

    def clean(self) -> dict[str, Any]:
        """Check what depends on two fields, and collect the scorers."""
        values: dict[str, Any] = super().clean() or {}
        shortest, longest = values.get("shortest_seconds"), values.get("longest_seconds")
        if shortest is not None and longest is not None and shortest > longest:
            self.add_error("longest_seconds", gettext("The greatest length is below the shortest."))
        number, parts = values.get("number"), values.get("parts")
        if number and parts and number % parts:
            self.add_error(
                "parts",
                gettext("%(number)s cannot be divided into %(parts)s equal parts.")
                % {"number": number, "parts": parts},
            )
        loads = {str(person.pk): values.get(f"load_{person.pk}") for person in self.people}
        values["scorers"] = {pk: load for pk, load in loads.items() if load}
        if not values["scorers"]:
            self.add_error(
                None, gettext("Name at least one scorer, with how many they evaluate in a period.")
            )
        if "scorecard" in values:
            values["scorecard"] = Scorecard.objects.get(pk=values["scorecard"])
        return values


class DrawForm(forms.Form):
    """A draw by hand: of which period, and why when it was drawn before."""

    LAST, CURRENT = "last", "current"
    span = forms.ChoiceField(
        label=gettext_lazy("Period"),
        choices=[
            (LAST, gettext_lazy("The last period that is over")),
            (CURRENT, gettext_lazy("The present period, until now")),
        ],
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        required=False,
        help_text=gettext_lazy(
            "Needed when the period was drawn before. It is counted on the sample's page."
        ),
    )


class ReasonForm(forms.Form):
    """Why a pick is skipped."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=LONGEST_REASON,
        error_messages={"required": gettext_lazy("Give a reason.")},
    )


def _scorecards(plan: SamplingPlan | None) -> list[tuple[str, str]]:
    """List the scorecards with an active version; of a plan, its own scorecard whatever its state."""
    versions = ScorecardVersion.objects.defer("document")
    if plan is not None:
        versions = versions.filter(scorecard=plan.scorecard_id)
    else:
        versions = versions.filter(state=ScorecardState.ACTIVE)
    language = get_language() or "en"
    titles = {str(row.scorecard_id): title_of(row, language) for row in versions.order_by("number")}
    return sorted(titles.items(), key=lambda item: item[1].casefold())


def _scorers(plan: SamplingPlan | None) -> list[Any]:
    """List the people who may evaluate, and those who are the plan's scorers all the same."""
    people: Any = get_user_model().objects
    may = list(people.holding(Permission.EVALUATE).order_by("full_name", "username"))
    named = people.filter(pk__in=plan.scorers if plan else []).exclude(pk__in=[person.pk for person in may])
    return [*may, *named.order_by("pk")]


def _named(rows: Any) -> list[tuple[int, str]]:
    return sorted(((pk, name or str(pk)) for pk, name in rows), key=lambda row: row[1].casefold())
