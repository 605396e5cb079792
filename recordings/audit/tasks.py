"""Celery task that writes stored events."""

from celery import shared_task

from recordings.audit import owed


@shared_task
def write_owed_events() -> int:
    """Write stored events to the trail. Return the number of rows."""
    return owed.write_owed()
