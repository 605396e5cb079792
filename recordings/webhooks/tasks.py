"""Celery task of deliveries. It may be lost, run twice or be killed without harm."""

from celery import shared_task

from recordings.nudge import nudge
from recordings.refresh.tasks import sweep_due
from recordings.webhooks.hints import fetch_hinted


@shared_task
def follow_hints() -> None:
    """Fetch objects that deliveries named and the catalog does not have, then refresh them."""
    if fetch_hinted():
        nudge(sweep_due)
