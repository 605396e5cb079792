"""Create, change and end plans, and advance them: freeze a period that is over, draw, and assign what is open."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import transaction
from django.utils import timezone

from recordings import policies
from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.models import Sample, SamplingPlan
from recordings.permissions import Permission
from recordings.reviews.plans.assigning import assign_open_picks, take_from_inactive, unassigned
from recordings.reviews.plans.drawing import PORTAL, draw_sample
from recordings.reviews.plans.errors import NoActiveVersion, NothingMatches, PlanEnded
from recordings.reviews.plans.freezing import filters_of, freeze_sample
from recordings.reviews.plans.periods import period_before
from recordings.reviews.plans.work import link_evaluations

logger = structlog.get_logger("portal.plans")
# CommBox reports the last recordings of a period a little later.
GRACE = timedelta(hours=1)
_FIELDS = (
    "name",
    "channels",
    "teams",
    "agents",
    "shortest_seconds",
    "longest_seconds",
    "period",
    "group",
    "number",
    "parts",
    "scorers",
    "due_days",
)


@transaction.atomic
def create_plan(*, values: dict[str, Any], person: Any, by: Actor) -> SamplingPlan:
    """Create a plan. It reaches no further than the person who creates it."""
    plan = SamplingPlan(
        created_by=person,
        scorecard=values["scorecard"],
        scopes=_scopes_of(person),
        time_zone=timezone.get_current_timezone_name(),
    )
    _set(plan, values)
    plan.save()
    record(Kind.PLAN_CREATED, by=by, target=target_of(plan), detail=_detail(plan))
    return plan


@transaction.atomic
def change_plan(*, plan: SamplingPlan, values: dict[str, Any], person: Any, by: Actor) -> None:
    """Change a plan. What was frozen, drawn and assigned before stays. Raises PlanEnded."""
    plan = SamplingPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.ended_at:
        raise PlanEnded
    _set(plan, values)
    plan.scopes = _scopes_of(person)
    plan.save(update_fields=[*_FIELDS, "scopes"])
    record(Kind.PLAN_CHANGED, by=by, target=target_of(plan), detail=_detail(plan))


@transaction.atomic
def end_plan(*, plan: SamplingPlan, person: Any, by: Actor) -> None:
    """End a plan. Its open assignments stay. Raises PlanEnded."""
    plan = SamplingPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.ended_at:
        raise PlanEnded
    plan.ended_at, plan.ended_by = timezone.now(), person
    plan.save(update_fields=["ended_at", "ended_by"])
    record(Kind.PLAN_ENDED, by=by, target=target_of(plan))


def target_of(plan: SamplingPlan) -> Target:
    """Return the target of an event about a plan. Its label is the name."""
    return Target("plan", f"plan:{plan.pk}", plan.name)


def advance_plan(plan_id: UUID, now: datetime | None = None) -> None:
    """Do what is due for a plan. Each step is a transaction, and does nothing when it was done before."""
    freeze_due(plan_id, now or timezone.now())
    for sample_id in Sample.objects.filter(plan=plan_id, drawn_at=None).values_list("pk", flat=True):
        draw_sample(sample_id)
    link_evaluations(plan_id)
    assign_open_work(plan_id)


@transaction.atomic
def freeze_due(plan_id: UUID, now: datetime) -> None:
    """Freeze the newest period that is over, once, unless a person did. A second worker passes over the plan."""
    rows = SamplingPlan.objects.select_for_update(skip_locked=True)
    plan = rows.filter(pk=plan_id, ended_at=None).first()
    if plan is None:
        return
    span = period_before(plan, now - GRACE)
    if span[1] <= plan.created_at or (plan.tried_until and plan.tried_until >= span[1]):
        return
    problem = ""
    if not Sample.objects.filter(plan=plan, period_from=span[0]).exists():
        try:
            freeze_sample(plan=plan, span=span, by=PORTAL)
        except NothingMatches:
            problem = "nothing"
        except NoActiveVersion:
            problem = "no_version"
    plan.tried_until, plan.tried_problem = span[1], problem
    plan.save(update_fields=["tried_until", "tried_problem"])


@transaction.atomic
def assign_open_work(plan_id: UUID) -> None:
    """Take work from people without an active account, and assign what nobody has. An ended plan keeps what it has."""
    plan = SamplingPlan.objects.select_for_update(skip_locked=True).filter(pk=plan_id, ended_at=None).first()
    if plan is None:
        return
    take_from_inactive(plan, by=PORTAL)
    for sample in Sample.objects.filter(plan=plan, picks__in=unassigned()).distinct().select_related("plan"):
        assign_open_picks(sample, by=PORTAL)


def advance_all() -> int:
    """Advance every plan that has not ended. One that cannot be advanced does not stop the others."""
    plans = list(SamplingPlan.objects.filter(ended_at=None).order_by("pk").values_list("pk", flat=True))
    for plan_id in plans:
        try:
            advance_plan(plan_id)
        except PortalError as error:
            logger.warning("plan not advanced", plan=str(plan_id), error=type(error).__name__)
    return len(plans)


def _set(plan: SamplingPlan, values: dict[str, Any]) -> None:
    for field in _FIELDS:
        setattr(plan, field, values[field])


def _scopes_of(person: Any) -> list[dict[str, Any]]:
    return list(policies.reach(person, Permission.MANAGE_SAMPLING).as_detail())


def _detail(plan: SamplingPlan) -> dict[str, Any]:
    filters = {name: value for name, value in filters_of(plan).items() if value is not None}
    loads = [f"user:{pk}={load}" for pk, load in sorted(plan.scorers.items())]
    return {"scorecard": str(plan.scorecard_id), "number": plan.number, "filters": filters, "loads": loads}
