"""What a person is to evaluate: their open assignments, and how one is begun."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from recordings import policies
from recordings.audit import Actor
from recordings.days import moment_of, today
from recordings.models import Assignment, Evaluation, ScorecardState, ScorecardVersion
from recordings.permissions import Permission
from recordings.reviews.evaluations import begin_evaluation
from recordings.reviews.plans.errors import AlreadyDone, NoActiveVersion
from recordings.reviews.queries import counted_evaluations


def open_work(person: Any) -> QuerySet[Assignment]:
    """Return a person's assignments that are not done, due first. What they may not evaluate any more is left out."""
    reach = policies.reach(person, Permission.EVALUATE)
    rows = Assignment.objects.filter(scorer=person, ended_at=None, evaluation__submitted_at=None)
    rows = rows.filter(reach.q("pick__recording__object__"))
    own = person.own_agent_ids
    if own:
        rows = rows.exclude(pick__recording__object__agent_id__in=own)
    return rows.order_by("due_at", "assigned_at", "pk")


def listed_work(person: Any, most: int) -> QuerySet[Assignment]:
    """Return open work with what a list shows."""
    rows = open_work(person).select_related(
        "evaluation",
        "pick__sample__plan",
        "pick__recording__object__stream",
        "pick__recording__object__agent",
    )
    return rows.defer("pick__recording__raw", "pick__recording__object__raw", "evaluation__typed")[:most]


def count_work(person: Any) -> tuple[int, int]:
    """Count the open assignments: those due by the end of the person's day, and all."""
    zone = timezone.get_current_timezone()
    end = moment_of(today(zone) + timedelta(days=1), zone=zone)
    counts = open_work(person).aggregate(due=Count("pk", filter=Q(due_at__lt=end)), all=Count("pk"))
    return counts["due"], counts["all"]


@transaction.atomic
def begin_assignment(*, assignment: Assignment, person: Any, by: Actor) -> Evaluation:
    """Begin the evaluation of an assignment, or return the one that was begun. Raises NoActiveVersion, AlreadyDone."""
    rows = Assignment.objects.select_for_update(of=("self",)).select_related(
        "evaluation", "pick__recording__object", "pick__sample__plan"
    )
    row = rows.get(pk=assignment.pk)
    if row.ended_at:
        raise AlreadyDone
    if row.evaluation:
        return row.evaluation
    recording, scorecard = row.pick.recording, row.pick.sample.plan.scorecard_id
    # What the person began on the recording's own page counts.
    begun = Evaluation.objects.filter(
        recording=recording,
        scorer=person,
        version__scorecard=scorecard,
        submitted_at=None,
        assignment=None,
        calibration=None,
    ).first()
    if begun is None:
        version = ScorecardVersion.objects.filter(scorecard=scorecard, state=ScorecardState.ACTIVE).first()
        if version is None:
            raise NoActiveVersion
        begun = begin_evaluation(recording=recording, version=version, scorer=person, by=by)
    row.evaluation = begun
    row.save(update_fields=["evaluation"])
    return begun


@transaction.atomic
def link_evaluations(plan_id: UUID) -> int:
    """Link what was evaluated on the recording's own page since it was assigned. Return how many."""
    suited = counted_evaluations().filter(
        recording=OuterRef("pick__recording"),
        scorer=OuterRef("scorer"),
        version__scorecard=OuterRef("pick__sample__plan__scorecard"),
        submitted_at__gte=OuterRef("assigned_at"),
        assignment=None,
    )
    rows = Assignment.objects.filter(pick__sample__plan=plan_id, ended_at=None, evaluation=None)
    found = rows.annotate(done=Subquery(suited.order_by("submitted_at").values("pk")[:1]))
    linked = list(found.filter(done__isnull=False).select_for_update(of=("self",)))
    for assignment in linked:
        assignment.evaluation_id = assignment.done
        assignment.save(update_fields=["evaluation"])
    return len(linked)
