"""How long a session lives: 15 minutes without activity, 12 hours in all, both counted on the server.

Polling and heartbeats are no activity; watching keeps a session alive but never beyond its absolute end (NIST 800-63B).
"""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import logout
from django.utils import timezone

from recordings.http import is_poll

SEEN_AT = "seen_at"
ENDS_AT = "ends_at"
# Activity moves the mark at most this often: a session write per request would be a needless one.
_GRAIN_SECONDS = 30


def is_over(request: Any) -> bool:
    """Whether the idle or the absolute limit has passed."""
    now = timezone.now().timestamp()
    seen = request.session.get(SEEN_AT, 0)
    return bool(now > request.session.get(ENDS_AT, 0) or now - seen > settings.SESSION_IDLE_SECONDS)


def touch(request: Any) -> None:
    """Note activity, unless the request is only a poll (it says so in a header that counts against it)."""
    if is_poll(request):
        return
    now = timezone.now().timestamp()
    if now - request.session.get(SEEN_AT, 0) > _GRAIN_SECONDS:
        request.session[SEEN_AT] = now


def ends_at(request: Any) -> datetime:
    """When this session ends if nothing more is done: shown in the rail."""
    idle_end = request.session.get(SEEN_AT, 0) + settings.SESSION_IDLE_SECONDS
    return datetime.fromtimestamp(min(idle_end, request.session.get(ENDS_AT, 0)), UTC)


def seconds_left(request: Any) -> int:
    """Return the whole seconds until this session ends if nothing more is done."""
    return max(0, int(ends_at(request).timestamp() - timezone.now().timestamp()))


def can_be_prolonged(request: Any) -> bool:
    """Return whether activity moves the end: not when the absolute one comes first."""
    return bool(ends_at(request).timestamp() < request.session.get(ENDS_AT, 0))


def end(request: Any) -> None:
    """Sign the person out because the time is over; the trail says that it was not their own doing."""
    request.session_is_over = True
    logout(request)
