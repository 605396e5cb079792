"""The circuit breaker for CommBox: one row that every process reads before a call and updates after it.

While CommBox fails, one call in 30 seconds is allowed; other work stays due in the database. One failed background
call (with up to five attempts) opens the breaker for background calls. Calls that a person waits for are allowed until
five in a row have failed, and always while CommBox only throttles: playback has its own share of the budget.
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

# A success after a success changes nothing, so it is not written. If another process records a failure meanwhile, the
# next write corrects it.
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
# With these CommBox did respond; the fault is in the request.
ANSWERED = (BadRequest, NotFound)
# One unreadable response may be about one object; so many in a row are about CommBox.
UNREADABLE_IN_A_ROW = 3
# A call that a person waits for has two attempts within seconds, so one failure does not stop the refresh.
INTERACTIVE_IN_A_ROW = 5
# Failures that also stop calls that a person waits for. Any other failure shows that CommBox is available.
DOWN = (Unreachable, ServerError, Unauthorized)

# Written only when it changes something: every refresh passes here and must not wait for this row.
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
    """Return the code of a failure, for logs and metrics."""
    return next((code for kind, code in CODES.items() if isinstance(error, kind)), "failed")


def may_call(now: datetime | None = None, *, interactive: bool = False) -> bool:
    """Return whether CommBox may be called: always while it responds, else for one caller in 30 seconds.

    That caller must make its call now and record the result.
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
    """Return whether background calls are stopped."""
    return SourceStatus.objects.filter(pk=1, failing_since__isnull=False).exists()


def record_result(error: CommBoxError | None = None, *, interactive: bool = False) -> None:
    """Record how a call ended; None for success.

    A success of an interactive call closes the breaker, but does not move the time of the last success while it is
    closed: that time shows whether the refresh works.
    """
    if isinstance(error, Throttled) and error.status is None:
        return  # our own call budget is used up: CommBox was not called
    if error is not None:
        # Threads that shared one exchange have the same error, which counts once.
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
