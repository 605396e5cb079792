"""/metrics says how things stand, from the database, whatever of it can be read."""

import time
from datetime import timedelta

import pytest
import time_machine
from django.test import Client, override_settings
from django.utils import timezone

from auditportal.sandbox import Sandbox
from recordings.models import CommBoxObject, ParseProblem, RefreshRun, SourceStatus
from tests.factories import conversation


def metrics() -> dict[str, float]:
    with override_settings(METRICS_TOKEN="only-for-tests-to-scrape"):
        scraped = Client().get("/metrics", headers={"Authorization": "Bearer only-for-tests-to-scrape"})
    text = scraped.content.decode()
    lines = (line.rpartition(" ") for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines if name.startswith("portal_")}


def test_queue_source_budget_and_runs(db: None, sandbox: Sandbox) -> None:
    conversation()
    now = timezone.now()
    CommBoxObject.objects.update(refresh_due_at=now - timedelta(seconds=90))
    conversation(refresh_deaths=3, refresh_error_at=now)
    SourceStatus.objects.create(pk=1, failing_since=now, failures=4)
    ParseProblem.objects.create(reason="It is not an object with fields.")
    RefreshRun.objects.create(kind="list", slot=1, started_at=now - timedelta(seconds=2000))
    RefreshRun.objects.create(kind="list", slot=2, started_at=now - timedelta(seconds=1000))
    found = metrics()
    assert found["portal_refresh_due_objects"] == 1
    assert 90 <= found["portal_refresh_oldest_due_seconds"] < 150
    assert found["portal_refresh_set_aside_objects"] == 1
    assert (found["portal_commbox_answering"], found["portal_commbox_failures"]) == (0, 4)
    assert (found["portal_commbox_breaker_open"], found["portal_refresh_unreadable_items"]) == (1, 1)
    assert found["portal_commbox_free_places"] == 2
    assert 1000 <= found['portal_refresh_run_age_seconds{kind="list"}'] < 2000
    assert found["portal_trail_lag_seconds"] >= 0


@pytest.mark.usefixtures("redis_down")
def test_without_redis_the_rest_is_still_said(db: None) -> None:
    found = metrics()
    assert "portal_commbox_free_turns" not in found
    assert found["portal_refresh_due_objects"] == 0


def test_a_clock_that_is_wrong_is_seen(db: None) -> None:
    """Events have the database's time whatever this process believes; the difference is a metric."""
    assert abs(metrics()["portal_clock_skew_seconds"]) < 60
    with time_machine.travel(time.time() + 900, tick=True):
        assert 800 < metrics()["portal_clock_skew_seconds"] < 1000
