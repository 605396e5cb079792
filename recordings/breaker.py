"""Is CommBox answering? One row that the refresh keeps, the banner reads, and every call asks first.

While the source fails, one call in 30 seconds may try; everything else waits where it is, in the database.
"""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from recordings.commbox import (
    BadRequest,
    BadResponse,
    CommBoxError,
    Forbidden,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from recordings.models import SourceStatus

# A good answer after a good one says nothing new; that another process heard a bad one meanwhile is corrected soon.
SAID_EVERY_SECONDS = 2.0
_well_until = 0.0
PROBE_EVERY = timedelta(seconds=30)
CODES: dict[type[CommBoxError], str] = {
    BadRequest: "bad_request",
    NotFound: "not_found",
    Unauthorized: "unauthorized",
    Forbidden: "forbidden",
    Throttled: "throttled",
    ServerError: "server_error",
    BadResponse: "bad_response",
    Unreachable: "unreachable",
}
# With these CommBox did answer, and the fault is with what we asked for.
ANSWERED = (BadRequest, NotFound)
# One unreadable answer is about one object; so many in a row are about CommBox.
UNREADABLE_IN_A_ROW = 3

# Written only when it says something new: every refresh passes here, and one row must not become their queue.
_SUCCEEDED = """
INSERT INTO recordings_sourcestatus AS s (id, last_success_at, error, error_class, failures)
VALUES (1, %(now)s, '', '', 0)
ON CONFLICT (id) DO UPDATE
SET last_success_at = %(now)s, failing_since = NULL, error = '', error_class = '', failures = 0, next_try_at = NULL
WHERE s.failures > 0 OR s.last_success_at IS NULL OR s.last_success_at < %(now)s - interval '10 seconds'
"""
_FAILED = """
INSERT INTO recordings_sourcestatus AS s (id, failing_since, error, error_class, failures, next_try_at)
VALUES (1, CASE WHEN %(patience)s <= 1 THEN %(now)s END, %(error)s, %(code)s, 1, %(next)s)
ON CONFLICT (id) DO UPDATE
SET failing_since = coalesce(s.failing_since, CASE WHEN s.failures + 1 >= %(patience)s THEN %(now)s END),
    error = %(error)s, error_class = %(code)s, failures = s.failures + 1, next_try_at = %(next)s
"""


def code_of(error: CommBoxError) -> str:
    """The one word for this kind of failure, for logs and metrics."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), "failed")


def may_ask(now: datetime | None = None) -> bool:
    """Whether CommBox may be called: always while it answers, else for one caller in 30 seconds."""
    now = now or timezone.now()
    failing = SourceStatus.objects.filter(pk=1, failing_since__isnull=False)
    if not failing.exists():
        return True
    return failing.filter(next_try_at__lte=now).update(next_try_at=now + PROBE_EVERY) == 1


def is_failing() -> bool:
    """Whether calls are being held back."""
    return SourceStatus.objects.filter(pk=1, failing_since__isnull=False).exists()


def heard(error: CommBoxError | None = None) -> None:
    """Note how a call ended: None for a good answer."""
    global _well_until
    now, failure = timezone.now(), None if isinstance(error, ANSWERED) else error
    if failure is None and time.monotonic() < _well_until:
        return
    with connection.cursor() as cursor:
        if failure is None:
            cursor.execute(_SUCCEEDED, {"now": now})
        else:
            cursor.execute(_FAILED, {"now": now, **_failure(failure, now)})
    _well_until = time.monotonic() + SAID_EVERY_SECONDS if failure is None else 0.0


def _failure(error: CommBoxError, now: datetime) -> dict[str, Any]:
    pause = max(PROBE_EVERY, timedelta(seconds=error.retry_after or 0))
    return {
        "patience": UNREADABLE_IN_A_ROW if isinstance(error, BadResponse) else 1,
        "error": error.sentence,
        "code": code_of(error),
        "next": now + pause,
    }
