"""Celery tasks. Each may be lost, run twice or be killed without harm."""

import structlog
from celery import shared_task
from django.utils import timezone

from recordings import breaker
from recordings.commbox import CommBoxError
from recordings.refresh import runs, streams, sweep

logger = structlog.get_logger("portal.refresh")


@shared_task
def discover_streams() -> None:
    """Discover channels, agents and teams."""
    with runs.taking_turn(runs.DISCOVER) as tally:
        if tally is None or not breaker.may_call():
            return
        try:
            tally.add(channels=len(streams.discover()))
        except CommBoxError as error:
            tally.trouble = error.sentence
            logger.warning("streams not discovered", failure=breaker.code_of(error))
    runs.forget_old()


@shared_task
def list_objects() -> None:
    """List every channel that is due, then refresh the objects that this made due."""
    with runs.taking_turn(runs.LIST) as tally:
        if tally is None:
            return
        sweep.list_due(tally)
    if tally.counts.get("objects"):
        sweep_due()


@shared_task
def sweep_due() -> None:
    """Refresh every object that is due."""
    started_at, tally = timezone.now(), runs.Tally()
    sweep.refresh_due(tally)
    runs.keep(runs.SWEEP, started_at, tally)


@shared_task
def refresh_one(object_id: int) -> None:
    """Refresh one object that was made due."""
    sweep.refresh_if_due(object_id)
