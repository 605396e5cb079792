"""Each turn of a schedule runs once, and every run leaves a row that says what it did."""

from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.models import CommBoxObject, RefreshRun, Stream
from recordings.refresh import runs, tasks
from recordings.refresh.actions import mark_due
from tests.integration.refresh.helpers import VIDEO

pytestmark = pytest.mark.django_db


def test_two_beats_give_one_run(upstream: Control) -> None:
    """F23."""
    tasks.discover_streams()
    asked = len(upstream.requests())
    tasks.discover_streams()
    assert len(upstream.requests()) == asked
    run = RefreshRun.objects.get()
    assert (run.kind, run.outcome, run.counts) == ("discover", "done", {"channels": 2})
    assert run.finished_at is not None


def test_a_beat_that_was_away_for_an_hour_gives_one_run_when_it_is_back(upstream: Control) -> None:
    """F24: what it missed is not made up for, and it is noticed meanwhile."""
    hour_ago = timezone.now() - timedelta(hours=1)
    slot = runs.slot_of(runs.LIST, hour_ago)
    RefreshRun.objects.create(kind=runs.LIST, slot=slot, started_at=hour_ago)
    assert runs.missed(runs.LIST)
    for _ in range(60):
        tasks.list_objects()
    assert RefreshRun.objects.filter(kind=runs.LIST).count() == 2
    assert not runs.missed(runs.LIST)
    assert not runs.missed(runs.DISCOVER)


def test_a_run_says_how_far_it_came_and_what_stopped_it(upstream: Control) -> None:
    Stream.objects.create(pk=VIDEO, name="Premium video", list_due_at=timezone.now())
    upstream.script_faults([{"kind": "error_500", "count": 99}])
    tasks.list_objects()
    run = RefreshRun.objects.get()
    assert (run.outcome, run.counts) == ("failed", {"failed": 1})
    assert (run.cursor, run.trouble) == ("Premium video", "CommBox reported an internal error.")


def test_a_sweep_leaves_a_row_only_when_it_did_something(held: CommBoxObject, upstream: Control) -> None:
    tasks.sweep_due()
    assert not RefreshRun.objects.exists()
    upstream.add_recording(held.pk)
    mark_due(held.pk)
    tasks.sweep_due()
    run = RefreshRun.objects.get()
    assert (run.kind, run.cursor) == ("sweep", str(held.pk))
    assert run.counts["refreshed"] == run.counts["events"] == 1


def test_a_sweep_in_which_everything_failed_says_so_and_why(held: CommBoxObject, upstream: Control) -> None:
    mark_due(held.pk)
    upstream.script_faults([{"kind": "error_500", "count": 99}])
    tasks.sweep_due()
    run = RefreshRun.objects.get()
    assert (run.outcome, run.trouble) == ("failed", "CommBox reported an internal error.")


def test_a_sweep_in_which_something_failed_is_partial() -> None:
    tally = runs.Tally(trouble="CommBox reported an internal error.")
    tally.add(refreshed=3, failed=1)
    assert tally.outcome == "partial"


def test_a_run_that_breaks_is_closed_as_failed(upstream: Control) -> None:
    with (
        mock.patch("recordings.refresh.tasks.streams.discover", side_effect=ZeroDivisionError),
        pytest.raises(ZeroDivisionError),
    ):
        tasks.discover_streams()
    run = RefreshRun.objects.get()
    assert (run.outcome, run.trouble) == ("failed", "The portal failed. Its log contains the reason.")


def test_rows_of_long_ago_are_forgotten() -> None:
    old = timezone.now() - timedelta(days=31)
    RefreshRun.objects.create(kind="list", slot=1, started_at=old)
    RefreshRun.objects.create(kind="list", slot=2, started_at=timezone.now())
    assert runs.forget_old() == 1
