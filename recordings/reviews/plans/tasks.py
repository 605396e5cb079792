"""Celery tasks of plans. The rows are the queue; a message only starts them sooner."""

from uuid import UUID

from celery import shared_task

from recordings.reviews.plans import plans


@shared_task
def advance_plans() -> int:
    """Freeze, draw and assign what is due in all plans. Return the number of plans."""
    return plans.advance_all()


@shared_task
def advance_one(plan_id: str) -> None:
    """Freeze, draw and assign what is due in one plan."""
    plans.advance_plan(UUID(plan_id))
