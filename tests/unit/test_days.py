"""Days, and the periods people ask for by name."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from recordings.days import Period, latest, moment_of, today

JERUSALEM = ZoneInfo("Asia/Jerusalem")
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([UTC, JERUSALEM, ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Kiritimati")])
DAYS = st.dates(date(2001, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    ("period", "days"),
    [
        (Period.TODAY, ("2026-03-31", "2026-03-31")),
        (Period.YESTERDAY, ("2026-03-30", "2026-03-30")),
        (Period.LAST_7_DAYS, ("2026-03-25", "2026-03-31")),
        (Period.LAST_MONTH, ("2026-02-01", "2026-02-28")),
    ],
)
def test_the_days_of_a_period(period, days):
    assert tuple(map(str, period.days(date(2026, 3, 31)))) == days


@given(DAYS)
def test_last_month_is_whole_and_over(day):
    first, last = Period.LAST_MONTH.days(day)
    assert (first.day, (last + timedelta(days=1)).day) == (1, 1)
    assert last < day.replace(day=1)
    assert first.month == last.month


@time_machine.travel(datetime(2026, 11, 30, 22, 30, tzinfo=UTC), tick=False)
def test_it_is_tomorrow_already_further_east():
    assert (today(), today(JERUSALEM)) == (date(2026, 11, 30), date(2026, 12, 1))


def test_a_day_begins_at_the_midnight_of_its_zone():
    assert moment_of(date(2026, 11, 20)) == datetime(2026, 11, 20, tzinfo=UTC)
    assert moment_of(date(2026, 11, 20), zone=JERUSALEM) == datetime(2026, 11, 19, 22, tzinfo=UTC)
    assert moment_of(date(2026, 7, 20), time(14, 30), JERUSALEM) == datetime(2026, 7, 20, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        (JERUSALEM, "2026-03-27", "2026-03-26T22:00", 23),
        (JERUSALEM, "2026-10-25", "2026-10-24T21:00", 25),
        (JERUSALEM, "2026-11-30", "2026-11-29T22:00", 24),
        (BERLIN, "2026-03-29", "2026-03-28T23:00", 23),
        (BERLIN, "2026-10-25", "2026-10-24T22:00", 25),
        (BERLIN, "2026-07-01", "2026-06-30T22:00", 24),
    ],
)
def test_a_local_day_has_23_or_25_hours_when_the_clocks_change(
    zone: ZoneInfo, day: str, begins: str, hours: int
) -> None:
    first = date.fromisoformat(day)
    start, end = moment_of(first, zone=zone), moment_of(first + timedelta(days=1), zone=zone)
    assert start == datetime.fromisoformat(begins).replace(tzinfo=UTC)
    assert end - start == timedelta(hours=hours)


@given(DAYS, ZONES)
def test_the_moment_a_day_begins_is_on_that_day(day, zone):
    begins = moment_of(day, zone=zone)
    with time_machine.travel(begins, tick=False):
        assert today(zone) == day


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=ZONES), st.times())
def test_it_is_the_last_time_the_clock_showed_the_hour(now: datetime, hour: time) -> None:
    found = latest(hour, now)
    assert found <= now < found + timedelta(days=1)
    assert (found.tzinfo, found.time()) == (UTC, hour)
