"""A worker looks at files that were given out: identified once, judged each time, told when they are others."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from auditportal.sandbox import Sandbox
from auditportal.sandbox.control.control import Control
from recordings.custody import tasks
from recordings.custody.actions import look_at_file
from recordings.media_urls import location_of
from recordings.models import AuditEvent, FileBadge, FileSighting, Recording, Stream, Viewing
from recordings.refresh.actions import refresh_object
from tests.factories import person
from tests.integration.refresh.helpers import BY, body, hold

pytestmark = pytest.mark.django_db


@pytest.fixture
def stored(db: None, upstream: Control) -> Recording:
    """A recording whose file is in the sandbox's bucket."""
    thing = hold(upstream)
    activity = upstream.add_recording(thing.pk, duration=20, presigned=False)
    assert refresh_object(object_id=thing.pk, by=BY).ok
    row = Recording.objects.get()
    assert activity.file is not None
    return row


def look(recording: Recording) -> Recording:
    recording.refresh_from_db()
    look_at_file(recording=recording, by=BY)
    recording.refresh_from_db()
    return recording


def key_of(recording: Recording) -> str:
    """The object key in the bucket: the URL's path without the bucket's name."""
    return location_of(recording.url).key


def test_the_first_look_identifies_the_file_byte_by_byte(stored: Recording, upstream: Control) -> None:
    row = look(stored)
    sighting = FileSighting.objects.get()
    assert row.file_badge == FileBadge.UNCHANGED
    assert (sighting.outcome, sighting.size_bytes, len(sighting.sha256)) == ("found", row.file_size_bytes, 64)
    assert sighting.etag
    assert sighting.last_modified is not None
    event = body("recording.file_identified")
    assert event["action_detail"]["sha256"] == sighting.sha256
    assert event["object"]["ref"] == f"recording:{row.pk}"


def test_looking_again_at_the_same_file_writes_nothing_but_the_time(stored: Recording) -> None:
    look(stored)
    rows, events, seen_at = FileSighting.objects.count(), AuditEvent.objects.count(), stored.file_seen_at
    row = look(stored)
    assert (FileSighting.objects.count(), AuditEvent.objects.count()) == (rows, events)
    assert row.file_judged == "Every byte is as first seen."
    assert row.file_seen_at > seen_at  # type: ignore[operator]


def test_a_file_that_is_too_long_to_read_is_judged_by_tag_and_length(
    stored: Recording, settings: Any
) -> None:
    settings.CUSTODY_HASH_MAX_BYTES = 1000
    look(stored)
    row = look(stored)
    assert FileSighting.objects.get().sha256 == ""
    assert (row.file_badge, row.file_judged) == (
        FileBadge.UNCHANGED,
        "Storage gives it the same tag and length as first seen.",
    )


def test_another_file_in_its_place_is_told_once_with_before_and_after(
    stored: Recording, sandbox: Sandbox
) -> None:
    look(stored)
    before = FileSighting.objects.get().sha256
    other = b"another film"
    sandbox.control.replace_file(key_of(stored), content=other)
    row = look(stored)
    assert row.file_badge == FileBadge.DIFFERS
    change = body("recording.file_differs")["change"]
    assert (change["before"]["sha256"], change["after"]["sha256"]) == (
        before,
        hashlib.sha256(other).hexdigest(),
    )
    look(stored)
    assert AuditEvent.objects.filter(kind="recording.file_differs").count() == 1


def test_a_missing_file_cannot_be_told(stored: Recording, sandbox: Sandbox) -> None:
    look(stored)
    sandbox.control.delete_file(key_of(stored))
    row = look(stored)
    assert (row.file_badge, row.file_judged) == (FileBadge.CANNOT_TELL, "The file is no longer in storage.")
    assert list(FileSighting.objects.order_by("seen_at").values_list("outcome", flat=True)) == [
        "found",
        "missing",
    ]


def test_only_what_was_given_out_is_looked_at_and_each_once(stored: Recording) -> None:
    tasks.look_at_files()
    assert not FileSighting.objects.exists()
    Viewing.objects.create(
        recording=stored, viewer=person("qa_manager"), purpose="quality", url_issued_at=timezone.now()
    )
    tasks.look_at_files()
    tasks.look_at_files()
    assert FileSighting.objects.count() == 1
    Recording.objects.update(file_seen_at=timezone.now() - timedelta(hours=2))
    before = Recording.objects.get().file_seen_at
    tasks.look_at_files()
    assert Recording.objects.get().file_seen_at > before  # type: ignore[operator]


def test_a_presigned_recording_is_asked_of_commbox_again(db: None, upstream: Control) -> None:
    thing = hold(upstream)
    upstream.add_recording(thing.pk, duration=20, presigned=True)
    refresh_object(object_id=thing.pk, by=BY)
    assert look(Recording.objects.get()).file_badge == FileBadge.UNCHANGED
    assert Stream.objects.count() == 1
