"""Assignments: who evaluates a pick, and what happens when they cannot."""

from collections import Counter
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.audit.record import Entry, record_all
from recordings.days import moment_of, today
from recordings.models import Assignment, Sample, SamplePick, SamplingPlan
from recordings.reviews.plans.errors import AlreadyDone, CannotTake
from recordings.reviews.plans.periods import zone_of
from recordings.reviews.plans.scorers import Place, Scorer, scorers_of, share


def open_picks(sample: Sample) -> list[SamplePick]:
    """Return the picks that nobody has and that were not skipped, lowest rank first."""
    rows = unassigned().filter(sample=sample).select_related("recording__object")
    return list(rows.order_by("rank"))


def unassigned() -> QuerySet[SamplePick]:
    """Return the picks of all samples that nobody has and that were not skipped."""
    current = Assignment.objects.filter(pick=OuterRef("pk"), ended_at=None)
    return SamplePick.objects.filter(~Exists(current), skip=None)


def place_of(pick: SamplePick) -> Place:
    """Return where a pick's object is now."""
    thing = pick.recording.object
    return Place(thing.stream_id, thing.agent_id, thing.sensitivity)


def assign_open_picks(sample: Sample, *, by: Actor) -> int:
    """Share the picks that nobody has among the plan's scorers, and return how many were assigned."""
    picks = open_picks(sample)
    if not picks:
        return 0
    shared = share([(pick.pk, place_of(pick)) for pick in picks], scorers_of(sample.plan), taken_in(sample))
    chosen = [pick for pick in picks if pick.pk in shared]
    now, due = timezone.now(), due_at(sample.plan)
    Assignment.objects.bulk_create(
        Assignment(pick=pick, scorer_id=shared[pick.pk], assigned_at=now, due_at=due) for pick in chosen
    )
    record_all(
        [
            Entry(
                Kind.ASSIGNMENT_MADE,
                Target.of(pick.recording),
                _detail(sample, shared[pick.pk], due),
            )
            for pick in chosen
        ],
        by=by,
    )
    return len(chosen)


@transaction.atomic
def reassign(*, pick: SamplePick, person: Any, by: Actor) -> Assignment:
    """Give a pick to another scorer, with a new due date. Raises AlreadyDone and CannotTake.

    What the scorer before has begun stays theirs, and does not count for the plan.
    """
    sample = _locked(pick.sample)
    current = current_of(pick)
    if hasattr(pick, "skip") or (current and current.evaluation and not current.evaluation.is_open):
        raise AlreadyDone
    load = sample.plan.scorers.get(str(person.pk), 0)
    scorer = Scorer.of(person, load)
    if not scorer.may_take(place_of(pick)) or taken_in(sample)[person.pk] >= load:
        raise CannotTake
    if current:
        end_assignment(current)
    now, due = timezone.now(), due_at(sample.plan)
    detail = _detail(sample, person.pk, due)
    if current:
        detail["instead_of"] = f"user:{current.scorer_id}"
    record(Kind.ASSIGNMENT_MADE, by=by, target=Target.of(pick.recording), detail=detail)
    return Assignment.objects.create(pick=pick, scorer=person, assigned_at=now, due_at=due)


@transaction.atomic
def give_to_others(*, plan: SamplingPlan, person_id: int, by: Actor) -> int:
    """Take the work that a person has not begun, and share it among the plan's other scorers.

    The person gets nothing new from the plan until their load is set again. Return how many assignments were taken.
    What no other scorer can take waits for one.
    """
    plan = SamplingPlan.objects.select_for_update().get(pk=plan.pk)
    if plan.scorers.get(str(person_id)):
        plan.scorers = {**plan.scorers, str(person_id): 0}
        plan.save(update_fields=["scorers"])
    mine = open_of(plan).filter(scorer_id=person_id, evaluation=None)
    return _take(plan, mine, by)


def take_from_inactive(plan: SamplingPlan, *, by: Actor) -> int:
    """Take the open work of scorers whose account is not active. Return how many assignments were taken."""
    return _take(plan, open_of(plan).filter(scorer__is_active=False), by)


def _take(plan: SamplingPlan, rows: QuerySet[Assignment], by: Actor) -> int:
    taken = list(
        rows.select_related("pick__recording__object", "pick__sample__plan").select_for_update(of=("self",))
    )
    for assignment in taken:
        end_assignment(assignment)
        detail = {"sample": str(assignment.pick.sample_id), "scorer": f"user:{assignment.scorer_id}"}
        target = Target.of(assignment.pick.recording)
        record(Kind.ASSIGNMENT_ENDED, by=by, target=target, detail=detail)
    for sample in Sample.objects.filter(picks__assignments__in=taken).distinct().select_related("plan"):
        assign_open_picks(sample, by=by)
    return len(taken)


def end_assignment(assignment: Assignment) -> None:
    """End an assignment."""
    assignment.ended_at = timezone.now()
    assignment.save(update_fields=["ended_at"])


def current_of(pick: SamplePick) -> Assignment | None:
    """Return a pick's assignment now."""
    return pick.assignments.filter(ended_at=None).select_related("evaluation", "scorer").first()


def open_of(plan: SamplingPlan) -> QuerySet[Assignment]:
    """Return the assignments of a plan that are not done."""
    rows = Assignment.objects.filter(pick__sample__plan=plan, ended_at=None)
    return rows.exclude(evaluation__submitted_at__isnull=False)


def taken_in(sample: Sample) -> Counter[int]:
    """Count the assignments of each scorer in the sample's plan and period, also the done ones."""
    rows = Assignment.objects.filter(
        ended_at=None, pick__sample__plan=sample.plan_id, pick__sample__period_from=sample.period_from
    )
    return Counter(rows.values_list("scorer_id", flat=True))


def due_at(plan: SamplingPlan) -> datetime:
    """Return when what is assigned now is due: at the end of a day in the plan's time zone."""
    zone = zone_of(plan)
    return moment_of(today(zone) + timedelta(days=plan.due_days), time(23, 59), zone)


def _detail(sample: Sample, scorer: int, due: datetime) -> dict[str, Any]:
    return {
        "sample": str(sample.pk),
        "plan": str(sample.plan_id),
        "scorer": f"user:{scorer}",
        "due": f"{due:%Y-%m-%dT%H:%MZ}",
    }


def _locked(sample: Sample) -> Sample:
    return Sample.objects.select_for_update(of=("self",)).select_related("plan").get(pk=sample.pk)
