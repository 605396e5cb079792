"""Periods of plans: whole days, weeks or months of a time zone, and equal parts of them."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from recordings.days import moment_of
from recordings.models import PlanPeriod, SamplingPlan

_MONDAY, _SUNDAY = 0, 6
Span = tuple[datetime, datetime]


def zone_of(plan: SamplingPlan) -> ZoneInfo:
    """Return the time zone whose days the plan's periods have."""
    return ZoneInfo(plan.time_zone)


def period_at(plan: SamplingPlan, moment: datetime) -> Span:
    """Return the period that holds a moment: from its first moment until the first one after it, in UTC."""
    zone = zone_of(plan)
    day = moment.astimezone(zone).date()
    first, following = _days(plan.period, day)
    return moment_of(first, zone=zone), moment_of(following, zone=zone)


def period_before(plan: SamplingPlan, moment: datetime) -> Span:
    """Return the newest period that is over at a moment."""
    return period_at(plan, period_at(plan, moment)[0] - timedelta(microseconds=1))


def edges(span: Span, parts: int) -> list[datetime]:
    """Return where the equal parts of a period begin, and where the last one ends."""
    start, end = span
    return [start + (end - start) * part / parts for part in range(parts)] + [end]


def part_of(marks: list[datetime], moment: datetime) -> int:
    """Return in which part a moment is, from 1."""
    return bisect_right(marks, moment.astimezone(UTC))


def last_day(plan: SamplingPlan, span: Span) -> date:
    """Return the last day of a period."""
    return (span[1] - timedelta(microseconds=1)).astimezone(zone_of(plan)).date()


def first_day(plan: SamplingPlan, span: Span) -> date:
    """Return the first day of a period."""
    return span[0].astimezone(zone_of(plan)).date()


def _days(period: str, day: date) -> tuple[date, date]:
    if period == PlanPeriod.DAY:
        return day, day + timedelta(days=1)
    if period == PlanPeriod.MONTH:
        first = day.replace(day=1)
        return first, (first + timedelta(days=31)).replace(day=1)
    begins = _SUNDAY if period == PlanPeriod.WEEK_SUNDAY else _MONDAY
    first = day - timedelta(days=(day.weekday() - begins) % 7)
    return first, first + timedelta(days=7)
