"""Celery tasks: the nightly sample and the monthly statement. Each may be lost, run twice or be killed without harm."""

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
# Well below the time limit of a task (auditportal/celery.py). Recordings not reached by then are not sampled.
MOST_SECONDS = 420.0
# Hours after midnight, because recordings of the last evening may arrive late.
HOUR = time(4, 10)


@shared_task
def sample_media() -> None:
    """Draw tonight's sample and check each file."""
    ends = monotonic() + MOST_SECONDS
    for recording in draw_sample(sample_remaining()):
        if monotonic() > ends:
            return
        check_media(recording=recording, by=BY)


@shared_task
def draw_first_sample() -> None:
    """Draw a sample now if there has never been one, so that a new installation need not wait for the night."""
    if not MediaCheck.objects.exists() and Recording.objects.exists():
        sample_media()


@shared_task
def state_last_month() -> None:
    """State last month, unless it is stated already. Later changes are stated when a person asks for it."""
    month = last_month(latest(HOUR).date())
    if not CompletenessStatement.objects.filter(month=month).exists():
        state_month(month=month, by=BY)
