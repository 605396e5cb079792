"""The task of the nightly verification. It may be lost, run twice or be killed without harm."""

from celery import shared_task
from django.utils import timezone

from recordings.proof.verification import nightly

# A log of many millions takes its time.
LONGEST = 6 * 3600


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def verify_nightly() -> None:
    """Recompute the whole log and keep the result, once a night."""
    if nightly.is_due(timezone.now()):
        nightly.verify_nightly()
