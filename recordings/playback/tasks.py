"""The worker's task: end viewings whose player is gone. It may be lost, run twice or be killed without harm."""

from celery import shared_task

from recordings.audit import Actor
from recordings.playback.watching import end_silent_viewings

BY = Actor.system("playback")


@shared_task
def end_viewings() -> None:
    """End the viewings whose player has stopped reporting."""
    end_silent_viewings(by=BY)
