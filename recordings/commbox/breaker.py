"""A circuit breaker: while CommBox is down, calls fail at once and one of them looks every half minute."""

import threading
import time
from collections import deque
from collections.abc import Callable

from recordings.commbox.errors import CommBoxError, ServerError, Throttled, Unauthorized, Unreachable

FAILURES = 5
WITHIN_SECONDS = 30.0
PROBE_EVERY_SECONDS = 30.0


class Breaker:
    """Opens after 5 failures in a row within 30 s; lets one probe through every 30 s; closes on success."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._probe_at: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether calls are being refused, probes aside."""
        return self._probe_at is not None

    def check(self) -> None:
        """Let the call pass, or raise Unreachable with the seconds until the next probe."""
        with self._lock:
            now = self._clock()
            if self._probe_at is None:
                return
            if now >= self._probe_at:
                self._probe_at = now + PROBE_EVERY_SECONDS
                return
            left = self._probe_at - now
        raise Unreachable("It failed repeatedly and is left alone for a moment.", retry_after=left)

    def succeeded(self) -> None:
        """CommBox answered: calls flow again."""
        with self._lock:
            self._failures.clear()
            self._probe_at = None

    def failed(self, error: CommBoxError) -> None:
        """Count a failure that says CommBox is down or closed to us; every other answer shows it is up."""
        if isinstance(error, Throttled) and error.status is None:
            return None  # our own call budget: CommBox was not asked
        if not isinstance(error, (Unreachable, ServerError, Unauthorized)):
            return self.succeeded()
        with self._lock:
            now = self._clock()
            self._failures.append(now)
            if len(self._failures) == FAILURES and now - self._failures[0] <= WITHIN_SECONDS:
                self._probe_at = max(self._probe_at or 0.0, now + PROBE_EVERY_SECONDS)
