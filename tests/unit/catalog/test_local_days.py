"""A day or time in a filter is one of the reader's time zone, also when its clocks change."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.http import QueryDict
from django.utils import timezone, translation

from recordings.catalog.criteria import Criteria
from recordings.catalog.forms import SearchForm
from recordings.reach import EVERYTHING

# Clocks go forward at 02:00 and back at 02:00 (Jerusalem) or 03:00 (Berlin).
JERUSALEM, BERLIN = ZoneInfo("Asia/Jerusalem"), ZoneInfo("Europe/Berlin")


def criteria(query: str, zone: ZoneInfo) -> Criteria:
    with timezone.override(zone):
        form = SearchForm(QueryDict(query), EVERYTHING)
        assert form.is_valid(), form.errors
        return form.criteria()


@pytest.mark.parametrize(
    ("zone", "day", "first", "last"),
    [
        (JERUSALEM, "2026-11-20", "2026-11-19T22:00", "2026-11-20T22:00"),
        (JERUSALEM, "2026-07-01", "2026-06-30T21:00", "2026-07-01T21:00"),
        (JERUSALEM, "2026-03-27", "2026-03-26T22:00", "2026-03-27T21:00"),  # 23 hours
        (JERUSALEM, "2026-10-25", "2026-10-24T21:00", "2026-10-25T22:00"),  # 25 hours
        (BERLIN, "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
        (BERLIN, "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
        (
            ZoneInfo("Africa/Cairo"),
            "2026-04-24",
            "2026-04-23T22:00",
            "2026-04-24T21:00",
        ),  # without a midnight
    ],
)
def test_a_day_is_the_readers(zone: ZoneInfo, day: str, first: str, last: str) -> None:
    asked = criteria(f"since={day}&until={day}", zone)
    assert (asked.since, asked.until) == tuple(
        datetime.fromisoformat(moment).replace(tzinfo=UTC) for moment in (first, last)
    )


@pytest.mark.parametrize(
    ("zone", "day", "since", "until", "first", "last"),
    [
        (JERUSALEM, "2026-11-20", "14:30", "14:30", "12:30", "12:31"),
        # 01:30 occurs twice in Jerusalem, 02:30 in Berlin: the period holds both.
        (JERUSALEM, "2026-10-25", "01:30", "01:30", "22:30", "23:31"),
        (BERLIN, "2026-10-25", "02:30", "02:30", "00:30", "01:31"),
        # 02:30 does not occur: the period holds the time around it.
        (JERUSALEM, "2026-03-27", "02:30", "02:30", "23:30", "00:31"),
        (BERLIN, "2026-03-29", "02:30", "02:30", "00:30", "01:31"),
    ],
)
def test_a_time_that_clocks_show_twice_or_skip_leaves_nothing_out(
    zone: ZoneInfo, day: str, since: str, until: str, first: str, last: str
) -> None:
    asked = criteria(f"since={day}T{since}&until={day}T{until}", zone)
    assert asked.since
    assert asked.until
    assert (f"{asked.since:%H:%M}", f"{asked.until:%H:%M}") == (first, last)
    assert (asked.since.tzinfo, asked.until.tzinfo) == (UTC, UTC)


@time_machine.travel(datetime(2026, 11, 30, 23, 30, tzinfo=UTC), tick=False)
def test_today_is_the_readers_today() -> None:
    assert criteria("period=today", JERUSALEM).since == datetime(2026, 11, 30, 22, tzinfo=UTC)
    assert criteria("period=today", ZoneInfo("UTC")).since == datetime(2026, 11, 30, tzinfo=UTC)


def test_a_chip_writes_the_time_as_the_language_does() -> None:
    form = SearchForm(QueryDict("since=2026-11-20T14:30&until=2026-11-21&shortest=2&longest=x"), EVERYTHING)
    assert [chip.text for chip in form.chips()][:3] == [
        "from 2026-11-20 14:30",
        "to 2026-11-21",
        "at least 2 min",
    ]
    with translation.override("he"):
        texts = [
            chip.text
            for chip in SearchForm(QueryDict("since=2026-11-20T14:30&until=2026-1"), EVERYTHING).chips()
        ]
    assert "20.11.2026 14:30" in texts[0]
    assert "2026-1" in texts[1]
