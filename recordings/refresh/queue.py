"""How far the queue is behind: asked at every refresh, so looked at every few seconds only."""

from datetime import datetime

from recordings.models import CommBoxObject
from recordings.refresh import schedule
from recordings.timed import TimedValue

_pressure = TimedValue[float](2.0)


def queue_pressure(now: datetime) -> float:
    """schedule.pressure of the oldest object that is due, as it was a moment ago."""
    pressure = _pressure.get()
    if pressure is None:
        due = CommBoxObject.objects.filter(refresh_due_at__lte=now, refresh_leased_until=None)
        oldest = due.order_by("refresh_due_at").values_list("refresh_due_at", flat=True).first()
        pressure = _pressure.set(schedule.pressure(oldest, now))
    return pressure
