"""The task of the worker: look at files that were given out. It may be lost, doubled or killed without harm."""

from celery import shared_task

from recordings.audit import Actor
from recordings.custody.actions import look_at_file
from recordings.custody.due import next_files

BY = Actor.system("custody")


@shared_task
def look_at_files() -> None:
    """Look at the files that are due, a few at a time."""
    for recording in next_files():
        look_at_file(recording=recording, by=BY)
