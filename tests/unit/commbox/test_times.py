"""Every time form CommBox is known to write, and what is none."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox.parsing.times import parse_time


def _utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-05-13T09:20:11.2581942Z", _utc(2026, 5, 13, 9, 20, 11, 258194)),
        ("2026-05-13T09:20:11.999999999Z", _utc(2026, 5, 13, 9, 20, 11, 999999)),
        ("2026-05-13T09:20:11.956Z", _utc(2026, 5, 13, 9, 20, 11, 956000)),
        ("2026-05-13T09:20:11.95669Z", _utc(2026, 5, 13, 9, 20, 11, 956690)),
        ("2026-05-13T09:20:11.956691", _utc(2026, 5, 13, 9, 20, 11, 956691)),
        ("2026-05-13T09:14:25", _utc(2026, 5, 13, 9, 14, 25)),
        ("2026-05-13T09:14:22Z", _utc(2026, 5, 13, 9, 14, 22)),
        ("2026-05-13t09:14:22z", _utc(2026, 5, 13, 9, 14, 22)),
        ("2026-05-13T07:23:18:479", _utc(2026, 5, 13, 7, 23, 18, 479000)),
        ("2026-05-13 07:43:59", _utc(2026, 5, 13, 7, 43, 59)),
        ("13-05-2026 09:14:25", _utc(2026, 5, 13, 9, 14, 25)),
        ("05/28/2026 05:30:00", _utc(2026, 5, 28, 5, 30)),
        ("[5/13/2026 9:01:02 AM]", _utc(2026, 5, 13, 9, 1, 2)),
        ("5/13/2026 12:00:00 AM", _utc(2026, 5, 13, 0, 0)),
        ("5/13/2026 12:00:00 pm", _utc(2026, 5, 13, 12, 0)),
        ("5/13/2026 11:59:59 PM", _utc(2026, 5, 13, 23, 59, 59)),
        ("2026-05-13T12:14:22+03:00", _utc(2026, 5, 13, 9, 14, 22)),
        ("2026-05-13T04:44:22-0430", _utc(2026, 5, 13, 9, 14, 22)),
        (" 2026-05-13T09:14:22Z ", _utc(2026, 5, 13, 9, 14, 22)),
        ("2024-02-29T00:00:00", _utc(2024, 2, 29)),
    ],
)
def test_each_form_is_read_as_utc(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo is UTC  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "value",
    [
        *("", "null", "null,", "yesterday", "2026-05-13", "09:14:25", "T", "Z", "[]", "2026-13-05T00:00:00"),
        *("2026-02-29T00:00:00", "2026-05-13T24:00:00", "2026-05-13T09:60:00", "2026-05-13T23:59:60Z"),
        *("5/13/2026 13:00:00 PM", "5/13/2026 0:00:00 AM", "13/13/2026 05:30:00", "32-05-2026 09:14:25"),
        *("0001-01-01T00:00:00", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00", "0001-01-01T00:00:00+03:00"),
        *("9999-12-31T23:59:59-01:00", "2026-05-13T09:14:22+99:00", "２０２６-05-13T09:14:22Z"),
        *("2026-05-13T09:14:22.1234567890Z", "2026-05-13T09:14:22ZZ", "2026-05-13T09:14:22Z" + " " * 99),
        *(None, 1778666062, 1778666062.5, True, [], {}, b"2026-05-13T09:14:22Z"),
    ],
)
def test_an_unreadable_time_is_missing_and_no_error(value: object) -> None:
    assert parse_time(value) is None


@given(moment=st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 31)), digits=st.integers(0, 6))
def test_what_is_written_is_read_back_to_the_digit(moment: datetime, digits: int) -> None:
    fraction = f"{moment.microsecond:06d}"[:digits]
    text = f"{moment:%Y-%m-%dT%H:%M:%S}" + (f".{fraction}" if digits else "")
    expected = moment.replace(microsecond=int(fraction.ljust(6, "0")), tzinfo=UTC)
    assert parse_time(text) == parse_time(f"{text}Z") == expected


@given(st.text() | st.from_regex(r"[0-9\-/:T. \[\]ZAPMapm+]{8,40}"))
def test_no_text_makes_it_stumble(text: str) -> None:
    moment = parse_time(text)
    assert moment is None or moment.tzinfo is UTC
