"""The worker's task: check files that are due. It may be lost, run twice or be killed without harm."""

import time

from celery import shared_task

from recordings.audit import Actor
from recordings.custody.actions import look_at_file
from recordings.custody.due import next_files
from recordings.storage import UrlKind

BY = Actor.system("custody")
# The task runs every 15 seconds, and the next run continues. Each kind of URL has its own share of a run, so that an
# unreachable storage does not keep the worker from files elsewhere.
SECONDS_A_KIND = 5.0


@shared_task
def look_at_files() -> None:
    """Check files that are due, for up to SECONDS_A_KIND for each kind of URL."""
    for kind in (UrlKind.DIRECT, UrlKind.PRESIGNED):
        ends_at = time.monotonic() + SECONDS_A_KIND
        for recording in next_files(kind):
            look_at_file(recording=recording, by=BY)
            if time.monotonic() > ends_at:
                break
