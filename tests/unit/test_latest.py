"""When a night's work is due."""

from datetime import UTC, datetime, time, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from recordings.days import latest

zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=zones), st.times())
def test_it_is_the_last_time_the_clock_showed_the_hour(now: datetime, hour: time) -> None:
    found = latest(hour, now)
    assert found <= now < found + timedelta(days=1)
    assert (found.tzinfo, found.time()) == (UTC, hour)
