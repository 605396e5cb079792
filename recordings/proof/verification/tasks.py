"""The task of the nightly verification. It may be lost, run twice or be killed without harm."""

from celery import shared_task

from recordings.proof.verification import nightly

# A log of many millions takes its time.
LONGEST = 6 * 3600


@shared_task(soft_time_limit=LONGEST, time_limit=LONGEST + 60)
def verify_nightly() -> None:
    """Recompute the whole log and keep the result."""
    nightly.verify_nightly()
