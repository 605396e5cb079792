"""Bundles about a period: guards on both sides, rows within, and nothing else told of the other events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.evidence.scope import Scope
from tests.integration.evidence.bundles import Log, at_times, checked, make_log, opened, table

pytestmark = pytest.mark.usefixtures("committed_db")

Admin = psycopg.Connection[Any]


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    return make_log(services, settings, tmp_path)


def day(number: int) -> datetime:
    return datetime(2026, 11, number, tzinfo=UTC)


@pytest.fixture
def days(log: Log, admin_connection: Admin) -> Log:
    """One event a day at noon from the 1st to the 9th, with two shortly around midnight before the 4th."""
    moments = [f"2026-11-0{number}T12:00:00Z" for number in (1, 2, 3)]
    moments += ["2026-11-03T23:59:30Z", "2026-11-04T00:00:30Z"]
    moments += [f"2026-11-0{number}T12:00:00Z" for number in range(4, 10)]
    for number, _ in enumerate(moments):
        opened(str(number % 2))
    at_times(admin_connection, dict(enumerate(moments, 1)))
    return log


def test_a_period_ships_guards_on_both_sides_and_rows_within(days: Log) -> None:
    bundle = days.bundle(Scope("all", since=day(4), until=day(6)))
    assert checked(bundle, days)
    claims = bundle.claims
    # Leaf 4 lies 30 s before the period: too near to be the guard, which is leaf 3.
    assert claims["leaves"] == [3, 4, 5, 6, 7, 8]
    assert claims["rows"] == [5, 6, 7]
    assert (claims["scope"]["from"], claims["scope"]["to"]) == (
        "2026-11-04T00:00:00.000000Z",
        "2026-11-06T00:00:00.000000Z",
    )
    assert set(bundle.extra(3)) == {"entry"}
    assert set(bundle.extra(5)) == {"entry", "body", "reveal"}


def test_a_period_without_events_is_proven_empty(days: Log) -> None:
    bundle = days.bundle(Scope("all", since=day(5) + timedelta(hours=13), until=day(6)))
    assert checked(bundle, days)
    assert (bundle.claims["leaves"], bundle.claims["rows"]) == ([7, 8], [])
    assert table(bundle) == []


@pytest.mark.parametrize(
    ("since", "until", "leaves"),
    [
        (None, day(2), [0, 1, 2]),  # leaf 0, the opening, was recorded when this test ran
        (day(8), None, list(range(14))),
        (day(1), day(1) + timedelta(hours=1), [0]),
    ],
)
def test_a_period_open_at_one_end(days: Log, since: Any, until: Any, leaves: list[int]) -> None:
    bundle = days.bundle(Scope("all", since=since, until=until))
    assert checked(bundle, days)
    assert bundle.claims["leaves"] == leaves


def test_a_recording_within_a_period_withholds_the_other_events(days: Log) -> None:
    bundle = days.bundle(Scope("target", "recording:1", since=day(4), until=day(7)))
    assert checked(bundle, days)
    claims = bundle.claims
    assert claims["leaves"] == [2, 4, 6, 8, 10]
    assert claims["rows"] == [6, 8]
    assert {n: set(bundle.extra(n)) for n in (2, 6)} == {2: {"entry"}, 6: {"entry", "body", "reveal"}}


def test_an_event_sealed_late_is_still_in_its_period(log: Log, admin_connection: Admin) -> None:
    for _ in range(5):
        opened("1")
    moments = ["2026-11-01T12:00:00Z", "2026-11-08T12:00:00Z", "2026-11-03T12:00:00Z"]
    at_times(admin_connection, dict(enumerate([*moments, "2026-11-08T13:00:00Z", "2026-11-09T12:00:00Z"], 1)))
    bundle = log.bundle(Scope("all", since=day(2), until=day(5)))
    assert checked(bundle, log)
    assert bundle.claims["rows"] == [3]
