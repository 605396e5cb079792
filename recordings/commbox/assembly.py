"""The client as this installation is configured: the one file of the package that reads Django's settings."""

from functools import cache

from django.conf import settings

from recordings.commbox.client import CommBox


@cache
def client() -> CommBox:
    """The process's one client."""
    keys = [key for key in (settings.COMMBOX_API_KEY, settings.COMMBOX_API_KEY_NEXT) if key]
    return CommBox(settings.COMMBOX_API_URL, keys)
