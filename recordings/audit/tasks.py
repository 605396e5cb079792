"""Celery task that writes owed events."""

from celery import shared_task

from recordings.audit import owed


@shared_task
def write_owed_events() -> int:
    """Write what is owed to the trail. Returns how many rows ended."""
    return owed.write_owed()
