"""Freeze a population: from then on, nothing can be added to it or taken out of it."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import Sample, SamplingPlan, ScorecardState
from recordings.models.fields import uuid7
from recordings.reviews.plans.errors import (
    AlreadyFrozen,
    NoActiveVersion,
    NothingMatches,
    PlanEnded,
    ReasonNeeded,
)
from recordings.reviews.plans.periods import Span
from recordings.reviews.plans.population import Pieces, units_of
from recordings.reviews.plans.scorers import scorers_of
from recordings.sampling.population import write_population


@transaction.atomic
def freeze_sample(*, plan: SamplingPlan, span: Span, by: Actor, reason: str = "") -> Sample:
    """Freeze the population of a plan and a period, with its event. A period that was drawn before needs a reason.

    Raises PlanEnded, NoActiveVersion, AlreadyFrozen, ReasonNeeded and NothingMatches; then nothing was frozen.
    """
    # 1. One freeze of a plan at a time.
    plan = SamplingPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.ended_at:
        raise PlanEnded
    if not plan.scorecard.versions.filter(state=ScorecardState.ACTIVE).exists():
        raise NoActiveVersion
    before = Sample.objects.filter(plan=plan, period_from=span[0])
    if before.filter(drawn_at=None).exists():
        raise AlreadyFrozen
    draw = before.count() + 1
    if draw > 1 and not reason:
        raise ReasonNeeded
    # 2. The units, and how many recordings were left out and why.
    found = units_of(plan, span, scorers_of(plan))
    if not found.units:
        raise NothingMatches
    file = BytesIO()
    population_hash, lines = write_population(found.units, file)
    # 3. The event, then the row and the file.
    sample_id, now = uuid7(), timezone.now()
    filters = filters_of(plan)
    detail: dict[str, Any] = {
        "plan": str(plan.pk),
        "scorecard": str(plan.scorecard_id),
        "period_from": _written(span[0]),
        "period_until": _written(span[1]),
        "draw": draw,
        "population_hash": population_hash,
        "lines": lines,
        "number": per_stratum(plan),
        "filters": {name: value for name, value in filters.items() if value is not None},
        "exclusions": found.exclusions,
    }
    event = record(
        Kind.SAMPLE_FROZEN,
        by=by,
        target=_target(sample_id, plan),
        detail=detail,
        private={"reason": reason},
    )
    sample = Sample.objects.create(
        id=sample_id,
        plan=plan,
        period_from=span[0],
        period_until=span[1],
        draw=draw,
        frozen_at=now,
        frozen_event=event,
        filters=filters,
        exclusions=found.exclusions,
        number=per_stratum(plan),
        units=lines,
        population_hash=population_hash,
    )
    pieces = Pieces(sample)
    for start in range(0, len(view := file.getbuffer()), 1 << 20):
        pieces.write(bytes(view[start : start + (1 << 20)]))
    pieces.flush()
    return sample


def per_stratum(plan: SamplingPlan) -> int:
    """Return how many are drawn of each stratum: the number of a group, divided among the parts of the period."""
    return plan.number // plan.parts


def filters_of(plan: SamplingPlan) -> dict[str, Any]:
    """Return what a sample keeps of its plan."""
    return {
        "channels": plan.channels,
        "teams": plan.teams,
        "agents": plan.agents,
        "shortest_seconds": plan.shortest_seconds,
        "longest_seconds": plan.longest_seconds,
        "scopes": plan.scopes,
        "period": plan.period,
        "time_zone": plan.time_zone,
        "group": plan.group,
        "parts": plan.parts,
        "scorers": sorted(map(int, plan.scorers)),
        "due_days": plan.due_days,
    }


def target_of(sample: Sample) -> Target:
    """Return the target of an event about a sample."""
    return _target(sample.pk, sample.plan)


def _target(pk: UUID, plan: SamplingPlan) -> Target:
    return Target("sample", f"sample:{pk}", plan.name, parent=f"plan:{plan.pk}")


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
