"""End sessions after some minutes without activity and after some hours at most (SESSION_IDLE_MINUTES, SESSION_HOURS).

The server counts both (NIST 800-63B), by the database's clock. Polling is no activity. Watching a recording is, but it
does not move the absolute end.
"""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import logout

from auditportal.accounts import person_sessions
from recordings.http import is_poll

SEEN_AT = "seen_at"
ENDS_AT = "ends_at"
# Activity is written at most this often, to save a write on each request.
_GRAIN_SECONDS = 30


def is_over(request: Any) -> bool:
    """Return whether the idle or the absolute limit has passed."""
    now = request.session.now()
    seen = request.session.get(SEEN_AT, 0)
    return bool(now > request.session.get(ENDS_AT, 0) or now - seen > settings.SESSION_IDLE_SECONDS)


def touch(request: Any) -> None:
    """Record activity, unless the request is a poll."""
    if is_poll(request):
        return
    now = request.session.now()
    if now - request.session.get(SEEN_AT, 0) > _GRAIN_SECONDS:
        request.session[SEEN_AT] = now
        person_sessions.note_activity(request)


def ends_at(request: Any) -> datetime:
    """Return when this session ends without further activity. The navigation shows it."""
    idle_end = request.session.get(SEEN_AT, 0) + settings.SESSION_IDLE_SECONDS
    return datetime.fromtimestamp(min(idle_end, request.session.get(ENDS_AT, 0)), UTC)


def seconds_left(request: Any) -> int:
    """Return the whole seconds until this session ends without further activity."""
    return max(0, int(ends_at(request).timestamp() - request.session.now()))


def can_be_prolonged(request: Any) -> bool:
    """Return whether activity moves the end: not when the absolute limit comes first."""
    return bool(ends_at(request).timestamp() < request.session.get(ENDS_AT, 0))


def end(request: Any) -> None:
    """Sign the person out because the session has ended. The event says that they did not do it themselves."""
    request.session_is_over = True
    logout(request)
