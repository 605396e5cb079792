"""Decide when to retry: exponential backoff with full jitter, never sooner than CommBox asked.

A long wait is not slept: the error carries it to the caller, which reschedules its work.
"""

import random
import re
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from recordings.commbox.errors import BadResponse, CommBoxError

LONGEST_OBEYED = 3600.0  # seconds; a longer Retry-After counts as an hour
BAD_RESPONSE_TRIES = 3

_SECONDS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Backoff:
    """How one call is retried. All but `attempts` are seconds.

    `initial` and `greatest` are ceilings of the jitter. A wait beyond `longest_sleep` is passed to the caller. `total`
    limits the whole call: waits for the call budget, exchanges and pauses. An attempt that took longer than
    `longest_try` is the last, because a CommBox that is silent once is usually silent again while others wait.
    """

    attempts: int = 5
    initial: float = 1.0
    greatest: float = 60.0
    longest_sleep: float = 10.0
    longest_try: float = 12.0  # longer than a wait for the call budget
    total: float = 50.0  # within the lease of the object that is refreshed (60 s)

    def ceiling(self, failures: int) -> float:
        """Return the longest wait after so many failures in a row."""
        return min(self.greatest, self.initial * 2.0 ** min(failures - 1, 32))


# For calls that a person waits for.
INTERACTIVE = Backoff(attempts=2, initial=0.3, greatest=0.5, longest_sleep=1.0, longest_try=4.0, total=8.0)


def retry_after_seconds(header: str, now: datetime) -> float | None:
    """Parse Retry-After (RFC 9110, 10.2.3) into seconds from now, 0 to an hour; None when missing or invalid."""
    text = header.strip()
    if _SECONDS.fullmatch(text):
        digits = text.lstrip("0") or "0"
        return LONGEST_OBEYED if len(digits) > 4 else min(float(digits), LONGEST_OBEYED)
    try:
        moment = parsedate_to_datetime(text[:64])
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return min(max(0.0, (moment - now).total_seconds()), LONGEST_OBEYED)


class RetryBudget:
    """Limits retries to a fifth of the calls: each call earns a fifth of a retry.

    A few are available from the start, so that a quiet process can retry too. A failing CommBox never gets much more
    load than a healthy one.
    """

    def __init__(self, share: float = 0.2, at_start: float = 5.0, most: float = 50.0) -> None:
        self._share, self._most = share, most
        self._lock = threading.Lock()
        self._left = at_start

    def earn(self) -> None:
        """Earn a fifth of a retry, for the first attempt of a call."""
        with self._lock:
            self._left = min(self._most, self._left + self._share)

    def spend(self) -> bool:
        """Spend one retry; return whether one was left."""
        with self._lock:
            if self._left < 1.0:
                return False
            self._left -= 1.0
            return True


class RetryDecision:
    """Decides for one call, after each failure, whether and when to retry. Used as stamina's hook."""

    def __init__(self, backoff: Backoff, budget: RetryBudget | None = None) -> None:
        self._backoff = backoff
        self._budget = budget or RetryBudget()
        self._budget.earn()
        self._failures = 0
        self._try_began = time.monotonic()
        self._ends_at = self._try_began + backoff.total

    def __call__(self, error: Exception) -> bool | float:
        """Return the seconds to wait before the next attempt, or False to raise the error."""
        self._failures += 1
        took = time.monotonic() - self._try_began
        if not isinstance(error, CommBoxError) or not error.retriable:
            return False
        if isinstance(error, BadResponse) and self._failures >= BAD_RESPONSE_TRIES:
            return False
        backoff = random.uniform(0, self._backoff.ceiling(self._failures))  # noqa: S311 - jitter, not a secret
        wait = max(backoff, error.retry_after or 0.0)
        too_long = (
            took > self._backoff.longest_try
            or wait > self._backoff.longest_sleep
            or wait >= self.seconds_left()
        )
        last = self._failures >= self._backoff.attempts
        if too_long or last or not self._budget.spend():
            return False
        self._try_began = time.monotonic() + wait
        return wait

    def seconds_left(self) -> float:
        """Return the seconds left for the whole call."""
        return max(0.0, self._ends_at - time.monotonic())
