"""Celery task: withdraw exemplars that may not be used any longer. It may be lost, run twice or be killed."""

from celery import shared_task

from recordings.reviews.coaching.exemplars import check_exemplars


@shared_task
def check_library() -> None:
    """Withdraw the exemplars that have expired, are missing at source, or whose customer or agent was erased."""
    check_exemplars()
