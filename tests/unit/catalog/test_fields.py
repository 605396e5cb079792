"""What people may enter in the filters, and what it means."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from recordings.catalog.fields import FIRST_DAY, LAST_DAY, MOST_MINUTES, parse_edge, parse_length
from recordings.catalog.forms import SearchForm
from recordings.reach import EVERYTHING
from recordings.wording import clock

ANYTHING = st.text(max_size=12) | st.from_regex(r"[0-9T:. -]{1,17}", fullmatch=True)


def criteria(query):
    form = SearchForm(QueryDict(query), EVERYTHING)
    assert form.is_valid(), form.errors
    return form.criteria()


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("2", 120), ("2:30", 150), ("0:07", 7), ("90", 5400), ("90:00", 5400), ("1:02:30", 3750), ("", None)],
)
def test_a_length_is_minutes_or_minutes_and_seconds(typed, seconds):
    assert parse_length(typed) == seconds


@pytest.mark.parametrize(
    "typed", ["2:", ":30", "2:3", "2:60", "1:60:00", "-2", "2.5", "٣", "2 min", "1e3", "1:2:30"]
)
def test_what_is_no_length(typed):
    with pytest.raises(ValidationError, match="Enter a length in minutes"):
        parse_length(typed)


@given(st.integers(0, MOST_MINUTES * 60))
def test_a_length_is_read_as_the_lists_write_it(seconds):
    assert parse_length(clock(seconds)) == seconds


@given(ANYTHING)
def test_any_length_is_read_or_refused(typed):
    try:
        seconds = parse_length(typed)
    except ValidationError:
        return
    assert seconds is None or 0 <= seconds < (MOST_MINUTES + 1) * 60


@given(ANYTHING)
def test_any_day_is_read_or_refused(typed):
    try:
        edge = parse_edge(typed)
    except ValidationError:
        return
    assert edge is None or FIRST_DAY <= edge.day <= LAST_DAY


@given(
    st.dates(FIRST_DAY, LAST_DAY), st.none() | st.times().map(lambda at: at.replace(second=0, microsecond=0))
)
def test_the_last_day_or_minute_is_included(day, at):
    edge = parse_edge(str(day) + (f"T{at:%H:%M}" if at else ""))
    assert edge.begins_at() == datetime.combine(day, at or time.min, UTC)
    assert edge.ends_at() - edge.begins_at() == (timedelta(minutes=1) if at else timedelta(days=1))


def test_day_and_time_of_two_fields_are_one_moment():
    asked = criteria("since=2026-11-20&since_at=14:30&until=2026-11-20&until_at=16:00")
    assert asked.since == datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
    assert asked.until == datetime(2026, 11, 20, 16, 1, tzinfo=UTC)
    assert asked == criteria("since=2026-11-20T14:30&until=2026-11-20T16:00")


def test_an_address_keeps_one_spelling():
    form = SearchForm(
        QueryDict("q=dana&since=2026-11-20&since_at=14:30&until=&until_at=&period="), EVERYTHING
    )
    assert form.query() == "q=dana&since=2026-11-20T14%3A30"
    assert form.readable_filters == "since=2026-11-20T14%3A30"
    (edge, _) = form.edges
    assert (edge["day"], edge["at"]) == ("2026-11-20", "14:30")


@time_machine.travel(datetime(2026, 11, 30, 10, tzinfo=UTC), tick=False)
@pytest.mark.parametrize(
    ("period", "since", "until"),
    [
        ("today", date(2026, 11, 30), date(2026, 12, 1)),
        ("yesterday", date(2026, 11, 29), date(2026, 11, 30)),
        ("last-7-days", date(2026, 11, 24), date(2026, 12, 1)),
        ("last-month", date(2026, 10, 1), date(2026, 11, 1)),
    ],
)
def test_a_period_takes_the_place_of_what_the_fields_held(period, since, until):
    asked = criteria(f"since=2020-01-01&since_at=10:00&until=&status=2&period={period}")
    assert (asked.since, asked.until) == tuple(datetime.combine(day, time.min, UTC) for day in (since, until))
    assert asked.status == 2


def test_the_live_search_leaves_out_what_cannot_be_read():
    form = SearchForm(QueryDict("q=dana&since=2026-1&status=2&longest=2:"), EVERYTHING)
    assert not form.is_valid()
    assert form.readable_filters == "status=2"
