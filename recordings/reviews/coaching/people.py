"""Who can be coached and assigned viewings, and which recordings concern a person."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import OuterRef, Q, QuerySet, Subquery

from recordings.models import CommBoxObject, Evaluation, EvaluationScore
from recordings.permissions import Permission
from recordings.policies import can_use, is_own_call, reach
from recordings.reviews.disputes.standing import State, in_state
from recordings.reviews.queries import counted_evaluations

EVALUATIONS_OFFERED = 30


def coachable(coach: Any) -> QuerySet[Any]:
    """List active people whom this coach may coach: linked agents in their reach, and everybody who evaluates."""
    people: Any = get_user_model().objects
    within = reach(coach, Permission.COACH)
    linked = people.filter(agent_links__isnull=False, agent_links__ended_at=None)
    agents = [
        pk for pk, agent in linked.values_list("pk", "agent_links__agent_id") if within.names_agent(agent)
    ]
    rows = people.filter(Q(pk__in=agents) | Q(pk__in=people.holding(Permission.EVALUATE).values("pk")))
    chosen: QuerySet[Any] = rows.filter(is_active=True).exclude(pk=coach.pk).order_by("full_name", "pk")
    return chosen


def concerns(person: Any, thing: CommBoxObject) -> bool:
    """Whether a recording of this object can be shown to this person: their own call, or one they may evaluate."""
    return is_own_call(person, thing) or can_use(person, Permission.EVALUATE, thing)


def evaluations_about(person: Any, coach: Any) -> list[Evaluation]:
    """List the newest submitted evaluations of the person's own calls, and those that the person wrote, in reach.

    Annotated: `newest_score`.
    """
    own = Q(scorer=person) | Q(recording__object__agent__in=person.own_agent_ids)
    within = reach(coach, Permission.COACH).q("recording__object__")
    rows = counted_evaluations().filter(own, within, submitted_at__isnull=False)
    rows = rows.exclude(recording__object__agent__in=coach.own_agent_ids)
    # The coach may have to answer the disputed question blind.
    rows = rows.exclude(in_state(State.DISPUTED))
    newest = EvaluationScore.objects.filter(evaluation=OuterRef("pk")).order_by("-number")
    rows = rows.annotate(newest_score=Subquery(newest.values("result__score")[:1]))
    rows = rows.select_related("version", "recording__object__agent", "scorer")
    rows = rows.defer("version__document", "recording__raw", "recording__object__raw", "typed", "replaced")
    return list(rows.order_by("-submitted_at")[:EVALUATIONS_OFFERED])
