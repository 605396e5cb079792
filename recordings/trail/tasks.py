"""Celery tasks of the trail."""

import time

from celery import shared_task

from recordings.trail.word_index import BATCH, index_next

SECONDS = 25  # less than between two runs


@shared_task
def index_words() -> int:
    """Index the words of events that are not indexed yet. Return the number of events."""
    end, indexed = time.monotonic() + SECONDS, 0
    while time.monotonic() < end:
        done = index_next()
        indexed += done
        if done < BATCH:
            break
    return indexed
