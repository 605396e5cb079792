"""When an object is looked at again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.commbox import (
    BadRequest,
    BadResponse,
    NotFound,
    ServerError,
    Throttled,
    Unauthorized,
    Unreachable,
)
from recordings.models import CommBoxObject
from recordings.refresh.schedule import is_over, look_again_after, pressure, retry_after, spread

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def thing(age: timedelta, *, status_id: int | None = 1, closed: bool = False) -> CommBoxObject:
    at = NOW - age
    return CommBoxObject(
        created_at=at, updated_at=at, status_id=status_id, closed_at=at if closed else None, first_seen_at=NOW
    )


@pytest.mark.parametrize(
    ("age", "open_pause", "closed_pause"),
    [
        (timedelta(0), MINUTE, 2 * MINUTE),
        (59 * MINUTE, MINUTE, 2 * MINUTE),
        (HOUR, 5 * MINUTE, 30 * MINUTE),
        (DAY, HOUR, 20 * HOUR),
        (7 * DAY, 12 * HOUR, 20 * HOUR),
        (30 * DAY, 12 * HOUR, 7 * DAY),
        (3650 * DAY, 12 * HOUR, 7 * DAY),
        (-5 * DAY, MINUTE, 2 * MINUTE),
    ],
)
def test_young_and_open_objects_are_looked_at_often(
    age: timedelta, open_pause: timedelta, closed_pause: timedelta
) -> None:
    assert look_again_after(thing(age), NOW) == open_pause
    assert look_again_after(thing(age, closed=True), NOW) == closed_pause
    assert look_again_after(thing(age, status_id=2), NOW) == closed_pause


def test_under_pressure_the_fresh_keep_their_turn_and_the_old_wait() -> None:
    assert look_again_after(thing(10 * MINUTE), NOW, 50) == MINUTE
    assert look_again_after(thing(2 * HOUR), NOW, 3) == 15 * MINUTE
    assert look_again_after(thing(30 * DAY, closed=True), NOW, 4) == 28 * DAY
    assert look_again_after(thing(30 * DAY, closed=True), NOW, 100) == 90 * DAY


@pytest.mark.parametrize(("waited", "found"), [(None, 1), (0, 1), (120, 1), (240, 2), (-60, 1), (10**9, 100)])
def test_pressure_is_the_age_of_the_queue(waited: int | None, found: float) -> None:
    oldest = None if waited is None else NOW - timedelta(seconds=waited)
    assert pressure(oldest, NOW) == found


def test_an_object_without_any_time_counts_from_its_first_sight() -> None:
    assert look_again_after(CommBoxObject(first_seen_at=NOW), NOW) == MINUTE


@pytest.mark.parametrize(
    ("status_id", "over"), [(1, False), (2, True), (8, False), (14, True), (99, False), (None, False)]
)
def test_an_unknown_status_is_not_an_end(status_id: int | None, over: bool) -> None:
    assert is_over(thing(DAY, status_id=status_id)) is over


@pytest.mark.parametrize(
    ("error", "pauses"),
    [
        (Unreachable(), [30, 60, 60, 60]),
        (Unauthorized(), [30, 60, 60, 60]),
        (ServerError(), [30, 60, 60, 60]),
        (None, [30, 60, 60, 60]),
        (BadResponse(), [30, 60, 120, 240]),
        (NotFound(), [21_600] * 4),
        (BadRequest(), [21_600] * 4),
        (Throttled(retry_after=45.0), [45, 60, 60, 60]),
        (Throttled(retry_after=90_000.0), [3600] * 4),
    ],
)
def test_pauses_after_failures_in_a_row(error: BadRequest | None, pauses: list[int]) -> None:
    assert [retry_after(error, n).total_seconds() for n in (1, 2, 3, 4)] == pauses


@given(st.integers(0, 10**9))
def test_no_pause_outgrows_an_hour(attempts: int) -> None:
    assert timedelta(seconds=30) <= retry_after(BadResponse(), attempts) <= HOUR


@given(st.timedeltas(timedelta(0), timedelta(days=30)))
def test_spread_stays_near(pause: timedelta) -> None:
    assert pause * 0.9 <= spread(pause) <= pause * 1.1 + timedelta(microseconds=1)
