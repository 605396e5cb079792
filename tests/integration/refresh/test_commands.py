"""The commands of an operator, and two refreshes of one object at once."""

import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.commbox.assembly import client
from recordings.models import Agent, CommBoxObject, Recording, Stream
from recordings.refresh.actions import RefreshResult, refresh_object
from recordings.refresh.runs import Tally
from recordings.refresh.sweep import refresh_due
from tests.integration.refresh.helpers import BY, hold, kinds


def run(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue()


def test_refresh_object_says_what_changed(held: CommBoxObject, upstream: Control) -> None:
    upstream.add_recording(held.pk)
    upstream.add_recording(held.pk, claims_object=5)
    told = f"Object {held.pk}: 1 × recording.discovered, 1 × unreadable.\n"
    assert run("refresh_object", str(held.pk)) == told
    assert run("refresh_object", str(held.pk)) == f"Object {held.pk}: 1 × unreadable.\n"


def test_refresh_object_fails_with_a_sentence(held: CommBoxObject, upstream: Control) -> None:
    with pytest.raises(CommandError, match=r"^There is no object 5 in the portal\.$"):
        run("refresh_object", "5")
    upstream.script_faults([{"kind": "error_500", "count": 9}])
    with pytest.raises(
        CommandError, match=r"^CommBox reported an internal error\. What is stored .* is unchanged\.$"
    ):
        run("refresh_object", str(held.pk))


def test_refresh_catalog_fills_an_empty_portal(committed_db: None, upstream: Control) -> None:
    upstream.seed(7, upstream.clock.now().date())
    told = run("refresh_catalog")
    assert told.splitlines()[-1] == "280 objects refreshed"
    assert (Stream.objects.count(), Agent.objects.count()) == (2, 8)
    assert CommBoxObject.objects.filter(refreshed_at__isnull=False).count() == 280
    assert Recording.objects.count() == 150
    assert "channel 31245: 150 objects, 150 new or changed" in told
    assert run("refresh_catalog", "--days", "1").splitlines()[-1] == "0 objects refreshed"


def test_refresh_catalog_stops_with_a_sentence_when_commbox_does(db: None, upstream: Control) -> None:
    upstream.script_faults([{"kind": "unauthorized", "count": 9}])
    with pytest.raises(CommandError, match=r"^CommBox rejected the API key\."):
        run("refresh_catalog")
    upstream.clear_faults()
    upstream.script_faults([{"kind": "error_500", "path": "*activities", "count": 99}])
    with pytest.raises(CommandError, match="The worker will continue from here"):
        run("refresh_catalog", "--at-once", "1")
    with pytest.raises(CommandError, match="--days must be from 1"):
        run("refresh_catalog", "--days", "0")


@pytest.mark.slow
def test_a_sweep_with_many_places_works_side_by_side(
    committed_db: None, upstream: Control, settings: Any
) -> None:
    settings.COMMBOX_REQUESTS_AT_ONCE = 8
    upstream.seed(7, upstream.clock.now().date())
    run("refresh_catalog", "--days", "120", "--at-once", "8")
    CommBoxObject.objects.update(refresh_due_at=timezone.now())
    tally = Tally()
    assert refresh_due(tally, seconds=600) == 280
    assert tally.counts["refreshed"] == 280
    assert Recording.objects.filter(missed_at=None).count() == 150


def test_two_refreshes_of_one_object_at_once_do_no_harm(committed_db: None, upstream: Control) -> None:
    """In parallel or one after the other, the rows and the trail are the same."""
    thing = hold(upstream)
    client()  # made once, before several threads could each make one
    for _ in range(3):
        upstream.advance_clock(60)
        upstream.add_recording(thing.pk)
    results: list[RefreshResult] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            results.append(refresh_object(object_id=thing.pk, by=BY))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.error for result in results] == [""] * 4
    assert sum(result.events.total() for result in results) == 3
    assert Recording.objects.filter(vanished_at=None).count() == 3
    assert kinds() == ["recording.discovered"] * 3
