"""Very many recordings on one object: batches that stand, a refresh that goes on where it was killed (F09, F17)."""

import threading
import time
from collections.abc import Sequence
from unittest import mock

import pytest
from django.db import connection

from auditportal.sandbox.control.control import Control
from recordings.audit import Actor
from recordings.commbox.assembly import client
from recordings.models import CommBoxObject, Recording, SearchDoc
from recordings.refresh import storing
from recordings.refresh.actions import refresh_object
from recordings.refresh.differences import RecordingChange
from tests.integration.refresh.helpers import BY, hold, kinds


class Killed(BaseException):
    """As if the process had died here."""


@pytest.fixture
def many(db: None, upstream: Control, monkeypatch: pytest.MonkeyPatch) -> CommBoxObject:
    """An object with 23 recordings, and batches of 5."""
    monkeypatch.setattr(storing, "BATCH", 5)
    thing = hold(upstream)
    for _ in range(23):
        upstream.advance_clock(60)
        upstream.add_recording(thing.pk, stored=False)
    return thing


def test_a_killed_refresh_keeps_its_batches_and_the_next_one_writes_the_rest(many: CommBoxObject) -> None:
    original, batches = storing.write_recordings, []

    def dying(changes: Sequence[RecordingChange], *, by: Actor) -> None:
        batches.append(1)
        if len(batches) == 3:
            raise Killed
        original(changes, by=by)

    with mock.patch.object(storing, "write_recordings", dying), pytest.raises(Killed):
        refresh_object(object_id=many.pk, by=BY)
    assert Recording.objects.count() == 10
    many.refresh_from_db()
    assert (many.refreshed_at, many.refresh_unfinished) == (None, True)
    assert refresh_object(object_id=many.pk, by=BY).events.total() == 13
    many.refresh_from_db()
    assert (Recording.objects.count(), SearchDoc.objects.count()) == (23, 23)
    assert many.refresh_unfinished is False
    assert kinds() == ["recording.discovered"] * 23


def test_a_rest_that_changed_nothing_still_makes_everything_findable(many: CommBoxObject) -> None:
    """Killed after the last row was written and before search knew of it."""
    with mock.patch.object(storing, "write_search_docs", side_effect=Killed), pytest.raises(Killed):
        refresh_object(object_id=many.pk, by=BY)
    with mock.patch.object(storing, "BATCH", 500):
        refresh_object(object_id=many.pk, by=BY)
    assert SearchDoc.objects.count() == 23


def test_two_refreshes_of_one_object_follow_each_other(
    committed_db: None, upstream: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storing, "BATCH", 2)
    thing = hold(upstream)
    for _ in range(9):
        upstream.advance_clock(60)
        upstream.add_recording(thing.pk, stored=False)
    client()  # one for all threads
    original = storing.write_recordings

    def slow(changes: Sequence[RecordingChange], *, by: Actor) -> None:
        time.sleep(0.02)
        original(changes, by=by)

    def work() -> None:
        refresh_object(object_id=thing.pk, by=BY)
        connection.close()

    with mock.patch.object(storing, "write_recordings", slow):
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert Recording.objects.count() == 9
    assert kinds() == ["recording.discovered"] * 9
