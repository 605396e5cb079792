"""Build the client from Django's settings. No other module of the package reads them."""

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

REDIS_SECONDS = 0.5  # the longest wait of a page when Redis is down


def configured_keys() -> list[str]:
    """Return the API keys of the settings."""
    return [key for key in (settings.COMMBOX_API_KEY, settings.COMMBOX_API_KEY_NEXT) if key]


# Returns the API keys. A package with access to the database replaces it at startup.
key_source: Callable[[], Sequence[str]] = configured_keys


@cache
def client() -> CommBox:
    """Return the client of this process."""
    url = settings.COMMBOX_API_URL
    return CommBox(url, lambda: key_source(), limiter=_budget(url), request_id=_request_id)


def budget_left() -> Left | None:
    """Return what is left of the account's call budget; None while Redis is unavailable."""
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
    """Return the id of the web request or task of this thread, to match CommBox's log with ours."""
    return str(get_contextvars().get("request_id", ""))
