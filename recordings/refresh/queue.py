"""Measure how far the queue is behind. Every refresh asks, so the value is cached for two seconds."""

from datetime import datetime

from recordings.models import CommBoxObject
from recordings.refresh import schedule
from recordings.timed import TimedValue

_pressure = TimedValue[float](2.0)


def queue_pressure(now: datetime) -> float:
    """Return schedule.pressure of the longest due object, at most two seconds old."""
    pressure = _pressure.get()
    if pressure is None:
        due = CommBoxObject.objects.filter(refresh_due_at__lte=now, refresh_leased_until=None)
        oldest = due.order_by("refresh_due_at").values_list("refresh_due_at", flat=True).first()
        pressure = _pressure.set(schedule.pressure(oldest, now))
    return pressure
