"""Days: the present day, when a day begins, and the periods that people choose by name.

Each function takes the time zone whose days are meant: the reader's for lists, UTC for evidence. A local day may have
23 or 25 hours.
"""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils import timezone
from django.utils.formats import get_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.worded import Worded

# Days that a person may choose. Python's own days end a little beyond, and adding to the last one fails.
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2999, 12, 31)


def parse_day(text: str) -> date:
    """Read a day such as 2026-11-20. Raises ValueError for anything else, and beyond FIRST_DAY and LAST_DAY."""
    day = date.fromisoformat(text)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"Days lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


def today(zone: tzinfo = UTC) -> date:
    """Return the day it is in this zone."""
    return timezone.now().astimezone(zone).date()


def moment_of(day: date, at: time = time.min, zone: tzinfo = UTC) -> datetime:
    """Return the moment, in UTC, at which the clocks of this zone show this day and time; without a time, midnight."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def latest(at: time, now: datetime | None = None) -> datetime:
    """Return the last moment at which the UTC clock showed this time: since then a nightly task is due."""
    now = now or timezone.now()
    moment = moment_of(now.astimezone(UTC).date(), at)
    return moment if moment <= now else moment - timedelta(days=1)


def written_day(day: date) -> str:
    """Write a day as the reader's language writes days: 2026-11-20, 20.11.2026."""
    own = get_format("DAY")
    return f"{day:%Y-%m-%d}" if own == "DAY" else f"{day:{own}}"


class Period(Worded):
    """A named period of whole days. It may include today."""

    label: str | Promise

    TODAY = "today", _("Today")
    YESTERDAY = "yesterday", _("Yesterday")
    LAST_7_DAYS = "last-7-days", _("Last 7 days")
    LAST_MONTH = "last-month", _("Last month")

    def days(self, today: date) -> tuple[date, date]:
        """Return the first and the last day, both included. `last-7-days` ends today; `last-month` is over."""
        if self is Period.TODAY:
            return today, today
        if self is Period.YESTERDAY:
            yesterday = today - timedelta(days=1)
            return yesterday, yesterday
        if self is Period.LAST_7_DAYS:
            return today - timedelta(days=6), today
        last = today.replace(day=1) - timedelta(days=1)
        return last.replace(day=1), last
