"""The roads: thin tasks of worker and beat. Every one may be lost, doubled or killed without harm."""

import structlog
from celery import shared_task

from recordings.commbox import CommBoxError
from recordings.refresh import source, streams, sweep
from recordings.refresh.hints import fetch_hinted

logger = structlog.get_logger("portal.refresh")


@shared_task
def discover_streams() -> None:
    """Find streams, agents and teams."""
    if not source.may_ask():
        return
    try:
        streams.discover()
    except CommBoxError as error:
        logger.warning("streams not discovered", failure=source.code_of(error))


@shared_task
def list_objects() -> None:
    """List every stream that is due, then refresh what that made due."""
    if sweep.list_due():
        sweep.refresh_due()


@shared_task
def sweep_due() -> None:
    """Follow the hints whose object is not known yet, then refresh what is due."""
    fetch_hinted()
    sweep.refresh_due()


@shared_task
def refresh_one(object_id: int) -> None:
    """Refresh one object that somebody marked as due."""
    sweep.refresh_if_due(object_id)


@shared_task
def follow_hints() -> None:
    """Fetch the objects that webhooks named and nobody knows."""
    fetch_hinted()
