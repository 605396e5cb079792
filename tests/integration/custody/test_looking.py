"""The worker checks files: it identifies each once, compares it each time, and records a different file."""

import hashlib
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from auditportal.sandbox import Sandbox
from auditportal.sandbox.control.control import Control
from recordings.audit import Actor
from recordings.custody import actions, tasks
from recordings.custody.actions import Reading, look_at_file, note_answer
from recordings.custody.due import LATER, due_files, next_files, next_look
from recordings.custody.states import ARRIVES_WITHIN
from recordings.media_urls import fresh_url, location_of
from recordings.models import (
    AuditEvent,
    FileBadge,
    FileSighting,
    Recording,
    RecordingState,
    SearchDoc,
    Stream,
    Viewing,
)
from recordings.models.fields import uuid7
from recordings.refresh.actions import refresh_object
from recordings.storage import NextStep, StorageOutcome, UrlKind
from tests import factories
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


def given_out(recording: Recording) -> Recording:
    """A recording that was played: its whole file is read."""
    Viewing.objects.create(
        recording=recording, viewer=person("qa_manager"), purpose="quality", url_issued_at=timezone.now()
    )
    return recording


def look(recording: Recording) -> Recording:
    recording.refresh_from_db()
    look_at_file(recording=recording, by=BY)
    recording.refresh_from_db()
    return recording


def key_of(recording: Recording) -> str:
    """The object key in the bucket: the URL's path without the bucket's name."""
    return location_of(recording.url).key


def test_the_first_look_identifies_the_file_byte_by_byte(stored: Recording, upstream: Control) -> None:
    row = look(given_out(stored))
    sighting = FileSighting.objects.get()
    assert row.file_badge == FileBadge.UNCHANGED
    assert (sighting.outcome, sighting.size_bytes, len(sighting.sha256)) == ("found", row.file_size_bytes, 64)
    assert sighting.etag
    assert sighting.last_modified is not None
    event = body("recording.file_identified")
    assert event["action_detail"]["sha256"] == sighting.sha256
    assert event["object"]["ref"] == f"recording:{row.pk}"


def test_looking_again_at_the_same_file_writes_nothing_but_the_time(stored: Recording) -> None:
    look(given_out(stored))
    rows, events, seen_at = FileSighting.objects.count(), AuditEvent.objects.count(), stored.file_seen_at
    row = look(stored)
    assert (FileSighting.objects.count(), AuditEvent.objects.count()) == (rows, events)
    assert row.file_judged == "The file's contents are the same as when it was first seen."
    assert row.file_seen_at > seen_at  # type: ignore[operator]


def test_a_file_that_is_too_long_to_read_is_judged_by_tag_and_length(
    stored: Recording, settings: Any
) -> None:
    settings.CUSTODY_HASH_MAX_BYTES = 1000
    look(given_out(stored))
    row = look(stored)
    assert FileSighting.objects.get().sha256 == ""
    assert (row.file_badge, row.file_judged) == (
        FileBadge.UNCHANGED,
        "The file has the same size and tag in storage as when it was first seen.",
    )


def test_another_file_in_its_place_is_told_once_with_before_and_after(
    stored: Recording, sandbox: Sandbox
) -> None:
    look(given_out(stored))
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


def due() -> None:
    """Make the next check due."""
    Recording.objects.exclude(file_due_at=None).update(file_due_at=timezone.now())
    tasks.look_at_files()


def test_a_new_recording_is_identified_without_being_read_and_read_once_it_was_given_out(
    stored: Recording,
) -> None:
    tasks.look_at_files()
    (sighting,) = FileSighting.objects.all()
    assert (sighting.outcome, sighting.size_bytes, sighting.sha256) == ("found", stored.file_size_bytes, "")
    assert [
        row["kind"] for row in AuditEvent.objects.filter(kind__startswith="recording.file").values("kind")
    ] == ["recording.file_identified"]
    row = Recording.objects.get()
    assert (row.file_badge, row.file_due_at) == (FileBadge.UNCHANGED, None)
    tasks.look_at_files()
    assert FileSighting.objects.count() == 1

    Recording.objects.update(file_due_at=timezone.now())
    given_out(stored)
    tasks.look_at_files()
    assert len(FileSighting.objects.order_by("seen_at").last().sha256) == 64  # type: ignore[union-attr]
    look(stored)
    assert (
        Recording.objects.get().file_judged == "The file's contents are the same as when it was first seen."
    )


def test_a_file_of_the_same_length_is_found_out_by_the_hash_that_was_learnt_later(
    stored: Recording, sandbox: Sandbox
) -> None:
    tasks.look_at_files()
    look(given_out(stored))
    sandbox.control.replace_file(key_of(stored), content=b"x" * (stored.file_size_bytes or 0))
    assert look(stored).file_badge == FileBadge.DIFFERS


def test_two_workers_look_at_a_file_once(stored: Recording, upstream: Control) -> None:
    claimed = list(next_files(UrlKind.DIRECT))
    assert claimed == [stored]
    assert list(next_files(UrlKind.DIRECT)) == []
    Recording.objects.update(file_due_at=timezone.now())  # the worker died: its lease has ended
    assert list(next_files(UrlKind.DIRECT)) == [stored]


def test_a_storage_that_does_not_answer_leaves_time_for_files_that_commbox_signs(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = [factories.recording(url_kind=UrlKind.DIRECT).pk for _ in range(9)]
    signed = factories.recording(url_kind=UrlKind.PRESIGNED).pk
    looked_at: list[UUID] = []

    def look_slowly(*, recording: Recording, by: Actor) -> None:
        looked_at.append(recording.pk)

    # By this clock every direct file takes three seconds.
    seconds = SimpleNamespace(monotonic=lambda: 3.0 * len(set(looked_at) & set(slow)))
    monkeypatch.setattr(tasks, "look_at_file", look_slowly)
    monkeypatch.setattr(tasks, "time", seconds)
    tasks.look_at_files()
    assert signed in looked_at
    assert 0 < len(set(looked_at) & set(slow)) < len(slow)


@pytest.mark.parametrize("is_read", [False, True], ids=["headers", "whole"])
def test_two_first_looks_at_once_are_one_sighting_and_one_event(
    stored: Recording, monkeypatch: pytest.MonkeyPatch, is_read: bool
) -> None:
    """The second check of a new file ends before the first one."""
    original, others = actions.outcome_for, [given_out(stored) if is_read else stored]

    def overtaken(*args: Any, **facts: Any) -> StorageOutcome:
        while others:
            look_at_file(recording=Recording.objects.get(pk=others.pop().pk), by=BY)
        return original(*args, **facts)

    monkeypatch.setattr(actions, "outcome_for", overtaken)
    fresh = fresh_url(stored, uuid7())
    slow = note_answer(recording=stored, fresh=fresh, by=BY, reading=Reading.NOT)
    assert slow.first is not None
    assert slow.comparison.badge == FileBadge.UNCHANGED
    (sighting,) = FileSighting.objects.all()
    assert len(sighting.sha256) == (64 if is_read else 0)
    assert AuditEvent.objects.filter(kind="recording.file_identified").count() == 1


def test_what_somebody_played_and_what_is_new_comes_before_old_files(
    stored: Recording, upstream: Control
) -> None:
    long_ago = timezone.now() - timedelta(days=30)
    Recording.objects.update(file_due_at=long_ago)
    talk = upstream.world.conversation(stored.object_id)
    upstream.add_recording(talk.id, presigned=False)
    refresh_object(object_id=talk.id, by=BY)
    newest = Recording.objects.latest("first_seen_at")
    assert list(due_files(UrlKind.DIRECT)) == [newest, stored]


@pytest.mark.parametrize("fault", ["denied", "missing"])
def test_a_new_file_that_is_not_there_yet_is_looked_for_until_it_is(
    stored: Recording, upstream: Control, fault: str
) -> None:
    """CommBox reports a recording before its file has arrived. Without the right to list, S3 says 403 until then."""
    upstream.script_faults([{"kind": fault, "target": "s3", "count": 3}])
    for _ in range(3):
        due()
        row = Recording.objects.get()
        assert (row.state, row.file_badge) == (RecordingState.PLAYABLE, FileBadge.CANNOT_TELL)
        assert "not in storage yet" in row.file_judged
        assert row.file_due_at is not None
        assert row.file_due_at - timezone.now() <= timedelta(minutes=1)
    due()
    row = Recording.objects.get()
    assert (row.state, row.file_badge, row.file_due_at) == (
        RecordingState.PLAYABLE,
        FileBadge.UNCHANGED,
        None,
    )
    assert list(FileSighting.objects.order_by("pk").values_list("outcome", flat=True)) == ["not_yet", "found"]


@pytest.mark.parametrize("old", ["first_seen_at", "recorded_at"])
def test_after_a_time_a_file_that_never_came_is_missing(
    stored: Recording, sandbox: Sandbox, old: str
) -> None:
    sandbox.control.delete_file(key_of(stored))
    due()
    assert Recording.objects.get().state == RecordingState.PLAYABLE
    Recording.objects.update(**{old: timezone.now() - ARRIVES_WITHIN - timedelta(seconds=30)})
    due()
    assert Recording.objects.get().state == RecordingState.FILE_MISSING


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("missing", RecordingState.FILE_MISSING),
        ("unsatisfiable", RecordingState.FILE_MISSING),
        ("denied", RecordingState.STORAGE_REFUSED),
        ("archived", RecordingState.STORAGE_REFUSED),
        ("moved", RecordingState.STORAGE_REFUSED),
    ],
)
@pytest.mark.parametrize(
    ("facts", "back_to"),
    [({}, RecordingState.PLAYABLE), ({"changed_at": timezone.now()}, RecordingState.CHANGED)],
)
def test_a_state_that_passes_goes_by_itself(
    stored: Recording, upstream: Control, fault: str, state: str, facts: dict[str, Any], back_to: str
) -> None:
    look(stored)
    Recording.objects.update(file_due_at=timezone.now(), **facts)
    upstream.script_faults([{"kind": fault, "target": "s3"}])
    tasks.look_at_files()
    row = Recording.objects.get()
    assert (row.state, SearchDoc.objects.get(pk=row.pk).state) == (state, state)
    assert row.file_due_at is not None
    due()
    row = Recording.objects.get()
    assert (row.state, SearchDoc.objects.get(pk=row.pk).state) == (back_to, back_to)
    assert row.file_due_at is None


@pytest.mark.parametrize("fault", ["slow_down", "internal_error", "reset"])
def test_what_says_nothing_about_the_file_changes_nothing_that_is_known(
    stored: Recording, upstream: Control, fault: str
) -> None:
    row = look(given_out(stored))
    upstream.script_faults([{"kind": fault, "target": "s3", "count": 2}])
    again = look(row)
    for name in ("state", "state_reason", "file_badge", "file_judged", "file_seen_at"):
        assert getattr(again, name) == getattr(row, name)
    assert again.file_due_at is not None


@pytest.mark.parametrize(
    ("age", "least", "most"),
    [
        (timedelta(0), timedelta(seconds=50), timedelta(minutes=1)),
        (timedelta(hours=1), timedelta(minutes=5), timedelta(minutes=7)),
        (timedelta(days=2), timedelta(hours=4), timedelta(hours=5)),
        (timedelta(days=400), timedelta(hours=23), timedelta(days=1)),
    ],
)
def test_what_is_wrong_for_long_is_looked_at_less_often(
    age: timedelta, least: timedelta, most: timedelta
) -> None:
    now = timezone.now()
    for outcome in StorageOutcome:
        at = next_look(outcome, now - age, is_to_read=False)
        assert (at is None) == (outcome is StorageOutcome.FOUND)
        if outcome.next in (NextStep.OWNER, NextStep.OPERATOR):
            assert at is not None
            first = timedelta(0) if outcome.state else LATER
            assert max(least, first) <= at - now <= max(most, first) + timedelta(seconds=5)


NOT_ABOUT_THE_FILE = [
    outcome
    for outcome in StorageOutcome
    if outcome.next in (NextStep.OWNER, NextStep.OPERATOR) and not outcome.state
]


@pytest.mark.parametrize("was_found", [False, True])
@pytest.mark.parametrize("outcome", NOT_ABOUT_THE_FILE)
def test_an_answer_that_changes_no_state_is_asked_for_less_often_as_well(
    stored: Recording, monkeypatch: pytest.MonkeyPatch, outcome: StorageOutcome, was_found: bool
) -> None:
    # An outage in between does not begin the time anew.
    told = [(StorageOutcome.FOUND, 50)] if was_found else []
    for answer, days in (*told, (outcome, 5), (StorageOutcome.BUSY, 1)):
        seen_at = timezone.now() - timedelta(days=days)
        FileSighting.objects.create(recording=stored, seen_at=seen_at, outcome=answer)
    with monkeypatch.context() as patched:
        patched.setattr(actions, "outcome_for", lambda *_, **__: outcome)
        row = look(stored)
    assert row.state == RecordingState.PLAYABLE
    assert row.file_due_at is not None
    assert timedelta(hours=11) < row.file_due_at - timezone.now() < timedelta(hours=13)
    assert look(row).file_due_at is None


def test_a_presigned_recording_is_asked_of_commbox_again(db: None, upstream: Control) -> None:
    thing = hold(upstream)
    upstream.add_recording(thing.pk, duration=20, presigned=True)
    refresh_object(object_id=thing.pk, by=BY)
    assert look(Recording.objects.get()).file_badge == FileBadge.UNCHANGED
    assert Stream.objects.count() == 1
