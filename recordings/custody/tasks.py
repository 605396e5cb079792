"""The task of the worker: look at files that are due. It may be lost, doubled or killed without harm."""

import time

from celery import shared_task

from recordings.audit import Actor
from recordings.custody.actions import look_at_file
from recordings.custody.due import next_files

BY = Actor.system("custody")
# The task runs every 15 seconds: what is left is for the next run.
RUN_SECONDS = 10.0


@shared_task
def look_at_files() -> None:
    """Look at the files that are due, for some seconds."""
    ends_at = time.monotonic() + RUN_SECONDS
    for recording in next_files():
        look_at_file(recording=recording, by=BY)
        if time.monotonic() > ends_at:
            break
