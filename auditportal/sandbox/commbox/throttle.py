"""A token bucket per API key. CommBox publishes no limit; the defaults are 5 requests a second and a burst of 10."""

import threading
import time
from datetime import datetime, timedelta
from email.utils import format_datetime

from auditportal.sandbox.behaviour.switches import Switches
from auditportal.sandbox.choices import RetryAfter


class Throttle:
    """Refills by real time, not by the sandbox's clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[str, tuple[float, float]] = {}

    def clear(self) -> None:
        """Fill all buckets."""
        with self._lock:
            self._buckets.clear()

    def wait_for(self, key: str, switches: Switches) -> float:
        """Take a token and return 0, or return the seconds until the next one."""
        rate, burst = switches.throttle_rate, max(1, switches.throttle_burst)
        if rate == 0:
            return 0.0
        with self._lock:
            now = time.monotonic()
            tokens, at = self._buckets.get(key, (float(burst), now))
            tokens = min(burst, tokens + (now - at) * rate)
            enough = tokens >= 1
            self._buckets[key] = (tokens - 1 if enough else tokens, now)
            return 0.0 if enough else (1 - tokens) / rate


def retry_after(form: RetryAfter, seconds: float, now: datetime) -> dict[str, str]:
    """Return the Retry-After header in the form that is switched on, valid or not; none when it is off."""
    whole = int(seconds) + 1
    texts = {
        "seconds": str(whole),
        "date": format_datetime(now + timedelta(seconds=whole), usegmt=True),
        "past": format_datetime(now - timedelta(days=1), usegmt=True),
        "garbage": "soon, please",
        "year": str(365 * 24 * 3600),
        "endless": "9" * 5000,
    }
    return {} if form == "off" else {"Retry-After": texts[form]}
