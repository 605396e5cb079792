"""The circuit breaker towards CommBox: one row that every process reads before a call and writes after it.

While CommBox fails, one call in 30 seconds may try; everything else waits where it is, in the database. One failed call
of the background (up to five tries) opens the breaker for the background. A person who waits is let through until
five calls in a row have failed, and always while CommBox only throttles: playback has its own share of the budget.
"""

import threading
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
from recordings.timed import TimedValue

# A good answer after a good one says nothing new. When another process records a failure meanwhile, the next write
# corrects it.
_success = TimedValue[bool](2.0)
_counting = threading.Lock()
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
# A call that a person waits for is tried twice within seconds: one that fails does not stop the refresh.
INTERACTIVE_IN_A_ROW = 5
# Failures that hold a person's call back as well: the others say that CommBox is there.
DOWN = (Unreachable, ServerError, Unauthorized)

# Written only when it says something new: every refresh passes here, and one row must not become their queue.
_SUCCEEDED = """
INSERT INTO recordings_sourcestatus AS s (id, last_success_at, error, error_class, failures)
VALUES (1, %(now)s, '', '', 0)
ON CONFLICT (id) DO UPDATE
SET last_success_at = %(now)s, failing_since = NULL, error = '', error_class = '', failures = 0, next_try_at = NULL
WHERE s.failures > 0
   OR NOT %(interactive)s
      AND (s.last_success_at IS NULL OR s.last_success_at < %(now)s - interval '10 seconds')
"""
_FAILED = """
INSERT INTO recordings_sourcestatus AS s (id, failing_since, error, error_class, failures, next_try_at)
VALUES (1, CASE WHEN %(in_a_row)s <= 1 THEN %(now)s END, %(error)s, %(code)s, 1, %(next)s)
ON CONFLICT (id) DO UPDATE
SET failing_since = coalesce(s.failing_since, CASE WHEN s.failures + 1 >= %(in_a_row)s THEN %(now)s END),
    error = %(error)s, error_class = %(code)s, failures = s.failures + 1, next_try_at = %(next)s
"""


def code_of(error: CommBoxError) -> str:
    """The one word for this kind of failure, for logs and metrics."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), "failed")


def may_call(now: datetime | None = None, *, interactive: bool = False) -> bool:
    """Whether CommBox may be called: always while it answers, else for one caller in 30 seconds.

    That caller has to make its call now and to record how it ends.
    """
    now = now or timezone.now()
    failing = SourceStatus.objects.filter(pk=1, failing_since__isnull=False)
    if interactive:
        down = [CODES[kind] for kind in DOWN]
        failing = failing.filter(failures__gte=INTERACTIVE_IN_A_ROW, error_class__in=down)
    if not failing.exists():
        return True
    return failing.filter(next_try_at__lte=now).update(next_try_at=now + PROBE_EVERY) == 1


def is_failing() -> bool:
    """Whether background calls are being held back."""
    return SourceStatus.objects.filter(pk=1, failing_since__isnull=False).exists()


def record_result(error: CommBoxError | None = None, *, interactive: bool = False) -> None:
    """Record how a call ended: None for a good answer.

    A person's good answer closes the breaker. While the breaker is closed it does not move the time of the last
    success, which says whether the refresh goes on.
    """
    if isinstance(error, Throttled) and error.status is None:
        return  # our own call budget is used up: CommBox was not asked
    if error is not None:
        # Threads that waited for one exchange have the same error: the exchange failed once.
        with _counting:
            if error.counted:
                return
            error.counted = True
    now, failure = timezone.now(), None if isinstance(error, ANSWERED) else error
    if failure is None and _success.get():
        return
    with connection.cursor() as cursor:
        if failure is None:
            cursor.execute(_SUCCEEDED, {"now": now, "interactive": interactive})
        else:
            cursor.execute(_FAILED, {"now": now, **_failure(failure, now, interactive)})
    if failure is not None:
        _success.forget()
    elif not interactive:
        _success.set(True)


def _failure(error: CommBoxError, now: datetime, interactive: bool) -> dict[str, Any]:
    pause = max(PROBE_EVERY, timedelta(seconds=error.retry_after or 0))
    in_a_row = UNREADABLE_IN_A_ROW if isinstance(error, BadResponse) else 1
    return {
        "in_a_row": INTERACTIVE_IN_A_ROW if interactive else in_a_row,
        "error": error.sentence,
        "code": code_of(error),
        "next": now + pause,
    }
