"""The task of the worker: end viewings whose player is gone. It may be lost, doubled or killed without harm."""

from celery import shared_task

from recordings.audit import Actor
from recordings.playback.watching import end_silent_viewings

BY = Actor.system("playback")


@shared_task
def end_viewings() -> None:
    """End what nobody is watching any more."""
    end_silent_viewings(by=BY)
