"""A file that is touched by a process at its work: the health check of its container looks how old it is."""

from django.conf import settings


def beat() -> None:
    """Touch the file that HEARTBEAT_FILE names, if it names one."""
    if settings.HEARTBEAT_FILE:
        settings.HEARTBEAT_FILE.touch()
