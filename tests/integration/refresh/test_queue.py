"""The row is the queue: claims, leases, and what happens while the source fails."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.models import CommBoxObject, Recording, SourceStatus, Stream
from recordings.refresh import leases, sweep, tasks
from recordings.refresh.actions import mark_due
from tests.integration.refresh.helpers import VIDEO, hold, kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def three(db: None, upstream: Control) -> list[CommBoxObject]:
    """Three objects, each with one recording upstream; the first has waited longest."""
    things = [hold(upstream, nth=n) for n in range(3)]
    for n, thing in enumerate(things):
        upstream.add_recording(thing.pk)
        CommBoxObject.objects.filter(pk=thing.pk).update(
            refresh_due_at=timezone.now() - timedelta(minutes=3 - n)
        )
    return things


def attempts() -> list[int]:
    return list(CommBoxObject.objects.order_by("refresh_due_at").values_list("refresh_attempts", flat=True))


def test_the_longest_waiting_come_first_and_nothing_twice(three: list[CommBoxObject]) -> None:
    first, second, third = (thing.pk for thing in three)
    assert leases.claim_due(2) == [first, second]
    assert leases.claim_due(2) == [third]
    assert leases.claim_due(2) == []
    leases.release([second])
    assert leases.claim_due(2) == [second]
    assert attempts() == [0, 0, 0]


def test_one_object_is_claimed_only_when_due_and_free(three: list[CommBoxObject]) -> None:
    first = three[0].pk
    assert leases.claim_one(first)
    assert not leases.claim_one(first)
    CommBoxObject.objects.update(
        refresh_leased_until=None, refresh_due_at=timezone.now() + timedelta(hours=1)
    )
    assert not leases.claim_one(first)
    assert not leases.claim_one(2**62)


def test_what_kills_its_worker_three_times_is_set_aside_and_everything_else_flows(
    three: list[CommBoxObject],
) -> None:
    """F18, F19: the lease ends by itself within a minute; the third death sets the object aside, with the reason."""
    poison = CommBoxObject.objects.filter(pk=three[0].pk)
    for times in (0, 1, 2):
        assert leases.claim_one(three[0].pk)
        row = poison.get()
        assert (row.refresh_deaths, row.refresh_attempts) == (times, 0)
        assert row.refresh_leased_until is not None
        assert timedelta(seconds=20) < row.refresh_leased_until - timezone.now() <= timedelta(seconds=60)
        poison.update(refresh_leased_until=timezone.now() - timedelta(seconds=1))
    assert leases.claim_suspect() is None
    assert leases.claim_due(5) == [thing.pk for thing in three[1:]]
    row = poison.get()
    assert (row.refresh_due_at, row.refresh_leased_until, row.refresh_deaths) == (None, None, 3)
    assert row.refresh_error == leases.SET_ASIDE
    mark_due(three[0].pk)
    assert sweep.refresh_if_due(three[0].pk) is not None
    row = poison.get()
    assert (row.refresh_deaths, row.refresh_error) == (0, "")


def test_two_workers_never_take_the_same(
    committed_db: None, upstream: Control, admin_connection: psycopg.Connection
) -> None:
    """F17: a second connection skips what the first has locked, without waiting for it."""
    things = [hold(upstream, nth=n) for n in range(3)]
    for thing in things:
        mark_due(thing.pk)
    with admin_connection.transaction(force_rollback=True):
        query = "SELECT id FROM recordings_commboxobject WHERE id = %s FOR UPDATE"
        admin_connection.execute(query, [things[0].pk])
        claimed = leases.claim_due(5)
    assert sorted(claimed) == sorted(thing.pk for thing in things[1:])
    assert leases.claim_due(5) == [things[0].pk]


def test_a_sweep_refreshes_everything_that_is_due(three: list[CommBoxObject]) -> None:
    assert sweep.refresh_due() == 3
    assert Recording.objects.count() == 3
    assert sweep.refresh_due() == 0
    assert kinds() == ["recording.discovered"] * 3


def test_a_failing_source_is_asked_once_and_the_rest_waits_unleased(
    three: list[CommBoxObject], upstream: Control
) -> None:
    """F01: nothing is lost, nothing is hammered; 30 s later one call tries, and all follows its success."""
    upstream.script_faults([{"kind": "error_500", "count": 99}])
    assert sweep.refresh_due() == 1
    assert len(upstream.requests()) == 2  # one object, two tries
    assert attempts() == [0, 0, 1]
    assert not CommBoxObject.objects.exclude(refresh_leased_until=None).exists()
    assert sweep.refresh_due() == 0
    assert sweep.refresh_if_due(three[1].pk) is None
    assert CommBoxObject.objects.filter(refresh_due_at__lte=timezone.now()).count() == 2
    upstream.clear_faults()
    SourceStatus.objects.update(next_try_at=timezone.now())
    assert sweep.refresh_due() == 2
    assert SourceStatus.objects.get().failing_since is None
    CommBoxObject.objects.update(refresh_due_at=timezone.now())
    assert sweep.refresh_due() == 3
    assert Recording.objects.count() == 3


def test_an_object_that_commbox_does_not_know_stops_nobody(
    three: list[CommBoxObject], upstream: Control
) -> None:
    upstream.script_faults([{"kind": "not_found", "path": f"/objects/{three[0].pk}/*", "count": 9}])
    assert sweep.refresh_due() == 3
    assert Recording.objects.count() == 2
    assert SourceStatus.objects.get().failing_since is None


def test_one_unreadable_answer_is_about_one_object_three_are_about_the_source(
    three: list[CommBoxObject], upstream: Control
) -> None:
    upstream.script_faults([{"kind": "html_200", "path": "*activities", "count": 99}])
    assert sweep.refresh_due() == 3
    status = SourceStatus.objects.get()
    assert (status.failures, status.error_class) == (3, "bad_response")
    assert status.failing_since is not None


@pytest.fixture
def streams_due(db: None, upstream: Control) -> Iterator[None]:
    for number in (VIDEO, 99_999, 31246):
        Stream.objects.create(pk=number, list_due_at=timezone.now())


def test_one_stream_that_fails_stops_no_other(streams_due: None, upstream: Control) -> None:
    sweep.list_due()
    listed = Stream.objects.filter(listed_at__isnull=False).order_by("pk").values_list("pk", flat=True)
    assert list(listed) == [VIDEO, 31246]
    failed = Stream.objects.get(pk=99_999)
    assert failed.list_error == "CommBox rejected the request."
    assert failed.list_leased_until is None
    assert not Stream.objects.filter(list_due_at__lte=timezone.now()).exists()


def test_the_tasks_do_the_whole_way(db: None, upstream: Control) -> None:
    """From nothing: discovery, listing, refresh, as beat would send them."""
    upstream.seed(7, upstream.clock.now().date())
    tasks.discover_streams()
    tasks.list_objects()
    tasks.sweep_due()
    videos = [pair for pair in upstream.world.recordings() if pair[0].stream_id in (VIDEO, 31246)]
    assert Recording.objects.count() == len(videos) == 150
    assert CommBoxObject.objects.filter(refreshed_at=None).count() == 0
