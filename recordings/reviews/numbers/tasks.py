"""Celery tasks of the numbers."""

import time

from celery import shared_task

from recordings.reviews.numbers.codes import BATCH, encode_next

SECONDS = 25  # less than between two runs


@shared_task
def encode_answers() -> int:
    """Encode the answers of evaluations that are not encoded yet. Return their number."""
    end, encoded = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        done = encode_next()
        encoded += done
        if done < BATCH:
            break
    return encoded
