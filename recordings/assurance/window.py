"""The days of a map, a list or a statement. They are UTC days, because statements are evidence."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self

from recordings.days import moment_of, today

DAYS = 35
BEFORE = timedelta(days=56)


@dataclass(frozen=True)
class Window:
    """Whole UTC days from `since` to the day before `until`."""

    since: date
    until: date

    @classmethod
    def ending(cls, last: date) -> Self:
        """Return the window of DAYS days that ends with this one."""
        return cls(last - timedelta(days=DAYS - 1), last + timedelta(days=1))

    @classmethod
    def today(cls) -> Self:
        return cls.ending(today())

    @classmethod
    def month(cls, first: date) -> Self:
        """Return the window of a calendar month, given its first day."""
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
    """Return the first day of the next month."""
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def month_before(day: date) -> date:
    """Return the first day of the month before the month of this day."""
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def last_month(today: date) -> date:
    """Return the first day of last month."""
    return month_before(today)
