"""Read plans and samples for their pages."""

from collections import Counter
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Count, Prefetch, Q

from recordings import policies
from recordings.audit.opened import open_event
from recordings.models import (
    Agent,
    Assignment,
    Sample,
    SamplePick,
    SampleSkip,
    SamplingPlan,
    Stream,
    Team,
)
from recordings.permissions import Permission
from recordings.reach import Reach
from recordings.reviews.plans.assigning import open_of, place_of
from recordings.reviews.plans.errors import UnknownPlan, UnknownSample
from recordings.reviews.plans.scorers import Scorer, scorers_of

SHOWN = 500


def may_see(person: Any, plan: SamplingPlan) -> bool:
    """Whether the person reaches all that the plan can draw."""
    reach = policies.reach(person, Permission.MANAGE_SAMPLING)
    return reach.covers(Reach.from_detail(plan.scopes))


def visible_plans(person: Any) -> list[SamplingPlan]:
    """List the plans that a person may see, those in force first, each with its open and done assignments."""
    current = Q(samples__picks__assignments__ended_at=None, samples__picks__assignments__isnull=False)
    done = current & Q(samples__picks__assignments__evaluation__submitted_at__isnull=False)
    assignment = "samples__picks__assignments"
    rows = SamplingPlan.objects.annotate(
        assigned=Count(assignment, filter=current, distinct=True),
        done=Count(assignment, filter=done, distinct=True),
        drawn=Count("samples", filter=Q(samples__drawn_at__isnull=False), distinct=True),
    )
    plans = [plan for plan in rows.order_by("-pk") if may_see(person, plan)]
    return sorted(plans, key=lambda plan: plan.ended_at is not None)


def plan_of(person: Any, pk: UUID) -> SamplingPlan:
    """Return a plan that the person may see. Raises UnknownPlan."""
    plan = SamplingPlan.objects.select_related("created_by", "ended_by").filter(pk=pk).first()
    if plan is None or not may_see(person, plan):
        raise UnknownPlan
    return plan


def sample_of(person: Any, pk: UUID) -> Sample:
    """Return a sample of a plan that the person may see. Raises UnknownSample."""
    sample = Sample.objects.select_related("plan").filter(pk=pk).first()
    if sample is None or not may_see(person, sample.plan):
        raise UnknownSample
    return sample


@dataclass(frozen=True)
class ScorerRow:
    """A scorer of a plan with their open work. `may_evaluate`: whether they may evaluate anything now."""

    scorer: Scorer
    open: int

    @property
    def may_evaluate(self) -> bool:
        return self.scorer.is_active and not self.scorer.reach.is_nothing


def scorer_rows(plan: SamplingPlan) -> list[ScorerRow]:
    """List the scorers of a plan, and others who have open work of it."""
    opened = Counter(open_of(plan).values_list("scorer_id", flat=True))
    scorers = scorers_of(plan)
    others = opened.keys() - {scorer.pk for scorer in scorers}
    scorers += [Scorer.of(person, 0) for person in get_user_model().objects.filter(pk__in=others)]
    return [ScorerRow(scorer, opened[scorer.pk]) for scorer in scorers]


@dataclass(frozen=True)
class PickRow:
    """A pick with its assignment. `is_stuck`: its scorer may not evaluate it any more."""

    pick: SamplePick
    assignment: Assignment | None
    is_stuck: bool
    takers: list[Scorer]

    @property
    def is_done(self) -> bool:
        evaluation = self.assignment.evaluation if self.assignment else None
        return bool(evaluation and evaluation.submitted_at)


@dataclass(frozen=True)
class SkipRow:
    """A skipped pick: why and by whom. `reason` is a personal value of the event."""

    skip: SampleSkip
    reason: str
    actor: str


def count_picks(sample: Sample) -> tuple[int, int]:
    """Count the picks that were not skipped: all, and those that were evaluated."""
    rows = Assignment.objects.filter(
        pick__sample=sample, ended_at=None, evaluation__submitted_at__isnull=False, pick__skip=None
    )
    return sample.picks.filter(skip=None).count(), rows.count()


def pick_rows(sample: Sample, taken: Counter[int]) -> list[PickRow]:
    """List up to SHOWN picks that were not skipped, by stratum and rank. `taken`: of each scorer in the period."""
    current = Assignment.objects.filter(ended_at=None).select_related("scorer", "evaluation")
    rows = sample.picks.filter(skip=None).select_related(
        "recording__object__stream", "recording__object__agent"
    )
    rows = rows.prefetch_related(Prefetch("assignments", current, to_attr="current"))
    scorers = scorers_of(sample.plan)
    by_id = {scorer.pk: scorer for scorer in scorers}
    found = []
    for pick in rows.order_by("stratum", "rank")[:SHOWN]:
        held: list[Assignment] = pick.current
        assignment = held[0] if held else None
        place = place_of(pick)
        is_open = assignment is not None and not (
            assignment.evaluation and assignment.evaluation.submitted_at
        )
        if is_open and assignment and assignment.scorer_id not in by_id:
            by_id[assignment.scorer_id] = Scorer.of(assignment.scorer, 0)
        takers = [
            scorer
            for scorer in scorers
            if scorer.may_take(place)
            and taken[scorer.pk] < scorer.load
            and not (assignment and assignment.scorer_id == scorer.pk)
        ]
        is_stuck = bool(is_open and assignment and not by_id[assignment.scorer_id].may_take(place))
        found.append(PickRow(pick, assignment, is_stuck, takers))
    return found


def skip_rows(sample: Sample) -> list[SkipRow]:
    """List what was skipped, in the order of the skips."""
    rows = SampleSkip.objects.filter(pick__sample=sample).select_related("pick").order_by("skipped_at", "pk")
    found = []
    for skip in rows:
        event = open_event(skip.event_id)
        reason = event.private("action_detail.reason") if event else ""
        found.append(SkipRow(skip, reason, event.actor_name if event else ""))
    return found


@dataclass(frozen=True)
class DrawRow:
    """A draw of the same plan and period, with its reason."""

    sample: Sample
    reason: str


def draws_of(sample: Sample) -> list[DrawRow]:
    """List all draws of the sample's plan and period."""
    rows = Sample.objects.filter(plan=sample.plan_id, period_from=sample.period_from).order_by("draw")
    found = []
    for row in rows:
        event = open_event(row.frozen_event)
        found.append(DrawRow(row, event.private("action_detail.reason") if event else ""))
    return found


def names_of(filters: dict[str, Any]) -> dict[str, list[str]]:
    """Return the names of what a plan is limited to; the number of one without a name."""
    models: tuple[tuple[str, Any], ...] = (("channels", Stream), ("teams", Team), ("agents", Agent))
    return {
        name: [row.name or str(row.pk) for row in model.objects.filter(pk__in=filters[name]).order_by("name")]
        for name, model in models
        if filters[name]
    }
