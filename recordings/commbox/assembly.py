"""The client as this installation is configured: the one file of the package that reads Django's settings."""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from structlog.contextvars import get_contextvars

from recordings.commbox.client import CommBox
from recordings.commbox.counters import Left
from recordings.commbox.limits import CallBudget

REDIS_SECONDS = 0.5  # a page waits no longer than this to learn that Redis is gone


def configured_keys() -> list[str]:
    """The keys of the settings."""
    return [key for key in (settings.COMMBOX_API_KEY, settings.COMMBOX_API_KEY_NEXT) if key]


# Where the keys come from; a package that may read the database puts its own function here at start.
key_source: Callable[[], Sequence[str]] = configured_keys


@cache
def client() -> CommBox:
    """Return the process's one client."""
    url = settings.COMMBOX_API_URL
    return CommBox(url, lambda: key_source(), limiter=_budget(url), request_id=_request_id)


def budget_left() -> Left | None:
    """Ask Redis what is left of the account's call budget; None while it does not answer."""
    return _budget(settings.COMMBOX_API_URL).left()


@cache
def _budget(url: str) -> CallBudget:
    redis = Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=REDIS_SECONDS,
        socket_connect_timeout=REDIS_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )
    account = sha256(url.encode()).hexdigest()[:16]
    return CallBudget(redis, account, settings.COMMBOX_REQUESTS_PER_SECOND, settings.COMMBOX_REQUESTS_AT_ONCE)


def _request_id() -> str:
    """The id of the web request or task this thread works for, so that CommBox's log can be matched with ours."""
    return str(get_contextvars().get("request_id", ""))
