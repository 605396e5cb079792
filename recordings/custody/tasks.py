"""The task of the worker: look at files that are due. It may be lost, doubled or killed without harm."""

import time

from celery import shared_task

from recordings.audit import Actor
from recordings.custody.actions import look_at_file
from recordings.custody.due import next_files
from recordings.storage import UrlKind

BY = Actor.system("custody")
# The task runs every 15 seconds: what is left is for the next run. Each kind of URL has its own part of a run, so that
# a storage that cannot be reached does not keep the worker from files that are elsewhere.
SECONDS_A_KIND = 5.0


@shared_task
def look_at_files() -> None:
    """Look at the files that are due, for some seconds."""
    for kind in (UrlKind.DIRECT, UrlKind.PRESIGNED):
        ends_at = time.monotonic() + SECONDS_A_KIND
        for recording in next_files(kind):
            look_at_file(recording=recording, by=BY)
            if time.monotonic() > ends_at:
                break
