"""The stretch of days that is looked at, and what was known before it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from recordings.days import moment_of, today

DAYS = 35
BEFORE = timedelta(days=56)


@dataclass(frozen=True)
class Window:
    """Whole days, UTC; `until` is the first day no longer in it."""

    since: date
    until: date

    @classmethod
    def ending(cls, last: date) -> Self:
        """The DAYS days up to this one."""
        return cls(last - timedelta(days=DAYS - 1), last + timedelta(days=1))

    @classmethod
    def today(cls) -> Self:
        return cls.ending(today())

    @classmethod
    def month(cls, first: date) -> Self:
        """A calendar month, named by its first day."""
        return cls(first, next_month(first))

    @property
    def last(self) -> date:
        return self.until - timedelta(days=1)

    @property
    def days(self) -> list[date]:
        return [self.since + timedelta(days=number) for number in range((self.until - self.since).days)]

    @property
    def starts_at(self) -> datetime:
        return moment_of(self.since)

    @property
    def ends_at(self) -> datetime:
        return moment_of(self.until)


def next_month(first: date) -> date:
    """The first day of the month after."""
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_before(day: date) -> date:
    """The first day of the month before the month of this day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def last_month(today: date) -> date:
    """The first day of the month that was over last."""
    return month_before(today)
