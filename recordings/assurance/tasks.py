"""Tasks of the worker: the nightly sample, the statement of the month that is over. Each may be lost, doubled or killed
without harm."""

from datetime import time
from time import monotonic

from celery import shared_task

from recordings.assurance.sampling import check_media, draw_sample, sample_remaining
from recordings.assurance.statements import state_month
from recordings.assurance.window import last_month
from recordings.audit import Actor
from recordings.days import latest
from recordings.models import CompletenessStatement, MediaCheck, Recording

BY = Actor.system("assurance")
# Well below the limit of a task (auditportal/celery.py): what is not reached tonight was not drawn.
MOST_SECONDS = 420.0
# Not at midnight: recordings of the month's last evening may be some hours late.
HOUR = time(4, 10)


@shared_task
def sample_media() -> None:
    """Draw this night's sample and check each file."""
    ends = monotonic() + MOST_SECONDS
    for recording in draw_sample(sample_remaining()):
        if monotonic() > ends:
            return
        check_media(recording=recording, by=BY)


@shared_task
def draw_first_sample() -> None:
    """Draw a sample at once where there has never been one, so that a new installation need not wait for the night."""
    if not MediaCheck.objects.exists() and Recording.objects.exists():
        sample_media()


@shared_task
def state_last_month() -> None:
    """State the month that is over, once: on its first day, or as soon as a worker runs after that. What differs later
    is stated when somebody asks for it."""
    month = last_month(latest(HOUR).date())
    if not CompletenessStatement.objects.filter(month=month).exists():
        state_month(month=month, by=BY)
