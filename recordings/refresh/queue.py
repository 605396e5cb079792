"""How far the queue is behind: asked at every refresh, so looked at every few seconds only."""

import time
from datetime import datetime

from recordings.models import CommBoxObject
from recordings.refresh import schedule

LOOK_EVERY_SECONDS = 2.0
_seen: tuple[float, float] = (0.0, 1.0)


def queue_pressure(now: datetime) -> float:
    """schedule.pressure of the oldest object that is due, as it was a moment ago."""
    global _seen
    at, pressure = _seen
    if not at or time.monotonic() - at > LOOK_EVERY_SECONDS:
        due = CommBoxObject.objects.filter(refresh_due_at__lte=now, refresh_leased_until=None)
        oldest = due.order_by("refresh_due_at").values_list("refresh_due_at", flat=True).first()
        pressure = schedule.pressure(oldest, now)
        _seen = (time.monotonic(), pressure)
    return pressure


def forget() -> None:
    """Look again at the next call."""
    global _seen
    _seen = (0.0, 1.0)
