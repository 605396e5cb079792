"""The Celery task of the nightly verification. It can safely be lost, repeated or killed."""

from celery import shared_task
from django.utils import timezone

from recordings.proof.verification import nightly

# Seconds; enough for a log of many millions of leaves.
LONGEST = 6 * 3600


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def verify_nightly() -> None:
    """Verify the whole log and store the result, once a night."""
    if nightly.is_due(timezone.now()):
        nightly.verify_nightly()
