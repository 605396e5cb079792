"""Bundles about a period: from one manifest to another, rows within, and nothing told of the other events."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from auditportal.embedded import Services
from recordings.proof.evidence.bundle.scope import Scope
from tests.integration.proof.evidence.bundles import (
    Log,
    at_times,
    checked,
    make_log,
    newest_number,
    on_recording,
    opened,
    table,
)
from tests.sealing import open_log_long_ago

pytestmark = pytest.mark.usefixtures("committed_db")

Admin = psycopg.Connection[Any]


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    log = make_log(services, settings, tmp_path)
    open_log_long_ago(services, log.signer)
    return log


def day(number: int) -> datetime:
    return datetime(2025, 11, number, tzinfo=UTC)


@pytest.fixture
def days(log: Log, admin_connection: Admin) -> Log:
    """One event a day at noon from the 1st to the 9th, leaves 1 to 9, before the log's first manifest, leaf 10."""
    for number in range(1, 10):
        opened(str(number % 2))
    at_times(admin_connection, {number + 1: f"2025-11-0{number}T12:00:00Z" for number in range(1, 10)})
    log.seal(manifest=True)
    return log


def test_a_period_ends_with_the_manifest_that_closes_it(days: Log) -> None:
    bundle = days.bundle(Scope("all", since=day(4), until=day(6)))
    assert checked(bundle, days)
    assert bundle.claims["range"] == {"first": 0, "last": 10}
    assert bundle.leaves == [*range(13)]  # with the request and the newest manifest
    assert bundle.rows == [4, 5]
    assert bundle.said["Complete"] == (
        "no event is missing from 2025-11-04 00:00:00 UTC until 2025-11-06 00:00:00 UTC"
    )
    assert bundle.said["Events"] == "2 events"
    assert {n for n, line in bundle.lines.items() if "body" in line} == {0, 4, 5, 10, 11, 12}


def test_a_period_begins_with_the_manifest_that_closed_what_was_before(days: Log) -> None:
    for _ in range(3):
        opened("1")
    between = days.seal(manifest=True) - 1
    since = timezone.now()
    opened("2")
    bundle = days.bundle(Scope("all", since=since))
    assert checked(bundle, days)
    assert bundle.claims["range"] == {"first": between, "last": between + 3}
    assert bundle.leaves == [0, between, between + 1, between + 2, between + 3]
    assert bundle.rows == [between + 1, between + 2, between + 3]
    assert bundle.lines[between]["gap"]


def test_a_period_without_events_is_proven_empty(days: Log) -> None:
    bundle = days.bundle(Scope("all", since=day(5) + timedelta(hours=13), until=day(6)))
    assert checked(bundle, days)
    assert table(bundle) == []
    assert bundle.said["Events"] == "no events"
    assert bundle.said["Viewings"].endswith(" until 2025-11-06 00:00:00 UTC")


@pytest.mark.parametrize(
    ("since", "until", "rows"),
    [
        (None, day(2), [0, 1]),  # the log was opened long before
        (day(8), None, [8, 9, 10, 11, 12]),  # the newest leaves of the log itself are of today
        (day(1), day(1) + timedelta(hours=1), []),
        (day(20), day(21), []),
    ],
)
def test_a_period_open_at_one_end(days: Log, since: Any, until: Any, rows: list[int]) -> None:
    bundle = days.bundle(Scope("all", since=since, until=until))
    assert checked(bundle, days)
    assert bundle.rows == rows


def test_a_period_whose_end_the_log_has_not_closed_says_so(days: Log) -> None:
    until = timezone.now()
    bundle = days.bundle(Scope("all", since=day(1), until=until))
    assert checked(bundle, days)
    assert bundle.claims["range"]["last"] == bundle.claims["size"] - 1
    assert bundle.said["Complete"].endswith(
        f"(the requested period ends later, at {until:%Y-%m-%d %H:%M:%S} UTC)"
    )


def test_a_recording_within_a_period_withholds_the_other_events(days: Log) -> None:
    bundle = days.bundle(on_recording("1", since=day(4), until=day(7)))
    assert checked(bundle, days)
    assert bundle.rows == [5]
    assert bundle.leaves == [0, 1, 3, 5, 7, 9, 11, 12]
    assert {n: set(bundle.lines[n]) for n in (3, 5)} == {
        3: {"entry", "gap"},
        5: {"entry", "gap", "body", "reveal"},
    }


def test_a_late_event_of_a_closed_period_is_in_its_bundle(days: Log, admin_connection: Admin) -> None:
    """The oldest manifest that closes the period lies before it; the range ends behind it all the same."""
    opened("1")
    at_times(admin_connection, {newest_number(): "2025-11-05T18:00:00Z"})
    days.seal(manifest=True)
    opened("2")
    bundle = days.bundle(Scope("all", since=day(4), until=day(6)))
    assert checked(bundle, days)
    assert bundle.claims["range"]["last"] > 10
    assert [row["recorded_at"][:13] for row in table(bundle)] == [
        "2025-11-04T12",
        "2025-11-05T12",
        "2025-11-05T18",
    ]
    assert bundle.said["Sealed late"].startswith("1 event was sealed after the log was closed for its time")
