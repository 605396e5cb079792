"""The door: what an answer changes, what a failure does not."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from auditportal.sandbox.control.control import Control
from recordings.exceptions import UnknownObject
from recordings.models import CommBoxObject, ParseProblem, Recording, RecordingState, SourceStatus
from recordings.refresh.actions import refresh_object
from tests.integration.refresh.helpers import BY, body, hold, kinds


def refresh(thing: CommBoxObject) -> CommBoxObject:
    outcome = refresh_object(object_id=thing.pk, by=BY)
    assert outcome.error == ""
    thing.refresh_from_db()
    return thing


def test_a_recording_is_discovered_with_its_facts(held: CommBoxObject, upstream: Control) -> None:
    activity = upstream.add_recording(held.pk)
    refresh(held)
    row = Recording.objects.get()
    assert row.object_id == held.pk
    assert row.duration_seconds == activity.metadata["duration"]
    assert row.file_size_bytes == activity.metadata["fileSize"]
    assert (row.state, row.state_reason, row.vanished_at) == (RecordingState.PLAYABLE, "", None)
    assert row.shown_at == row.recorded_at
    assert "?" not in row.url
    assert kinds() == ["recording.discovered"]
    event = body("recording.discovered")
    assert event["object"] == {
        "kind": "recording",
        "ref": f"recording:{row.pk}",
        "parent": f"object:{held.pk}",
        "label": event["object"]["label"],
    }
    assert event["action_detail"]["url"] == row.url


def test_an_unchanged_refresh_writes_nothing_but_the_objects_bookkeeping(
    held: CommBoxObject, upstream: Control
) -> None:
    upstream.add_recording(held.pk)
    first = refresh(held).refreshed_at
    before = Recording.objects.values().get()
    assert refresh(held).refreshed_at > first  # type: ignore[operator]
    assert Recording.objects.values().get() == before
    assert kinds() == ["recording.discovered"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("fingerprint", "f" * 64),
        ("recording_type", "audio"),
        ("url", "https://elsewhere.example/x.mp4"),
        ("url_kind", "none"),
        ("duration_seconds", 7),
        ("file_size_bytes", None),
        ("recorded_at", timezone.now()),
        ("flags", ["bad_duration"]),
        ("raw", {"duration": 7}),
        ("state", RecordingState.NOT_PLAYABLE),
    ],
)
def test_whatever_differs_from_what_is_held_is_noticed(
    held: CommBoxObject, upstream: Control, name: str, value: object
) -> None:
    upstream.add_recording(held.pk, duration=20)
    refresh(held)
    right = Recording.objects.values_list(name, flat=True).get()
    Recording.objects.update(**{name: value})
    refresh(held)
    found = Recording.objects.values_list(name, flat=True).get(vanished_at=None, missed_at=None)
    assert found == right != value


def test_a_change_is_told_with_before_and_after(held: CommBoxObject, upstream: Control) -> None:
    activity = upstream.add_recording(held.pk, duration=20)
    refresh(held)
    activity.metadata["duration"] = 21
    refresh(held)
    row = Recording.objects.get()
    assert (row.duration_seconds, row.state) == (21, RecordingState.CHANGED)
    assert row.state_reason == "CommBox changed the length."
    assert body("recording.changed_at_source")["change"] == {
        "before": {"duration_seconds": 20},
        "after": {"duration_seconds": 21},
    }
    refresh(held)
    assert Recording.objects.get().state == RecordingState.CHANGED
    assert kinds() == ["recording.discovered", "recording.changed_at_source"]


def test_what_vanishes_stays_and_comes_back_as_itself(held: CommBoxObject, upstream: Control) -> None:
    """F11: at the second look, as of the first."""
    activity = upstream.add_recording(held.pk)
    confirmed_at = refresh(held).refreshed_at
    pk = Recording.objects.get().pk
    upstream.drop_activity(activity.id)
    refresh(held)
    assert Recording.objects.get().state == RecordingState.PLAYABLE
    second_look = timezone.now()
    refresh(held)
    gone = Recording.objects.get()
    assert gone.vanished_at is not None
    assert gone.vanished_at < second_look
    assert (gone.state, gone.confirmed_at) == (RecordingState.VANISHED, confirmed_at)
    assert gone.vanished_at is not None
    assert gone.may_be_tried
    refresh(held)
    upstream.restore_activity(activity.id)
    refresh(held)
    back = Recording.objects.get()
    assert (back.pk, back.state, back.vanished_at) == (pk, RecordingState.PLAYABLE, None)
    assert kinds() == ["recording.discovered", "recording.vanished_at_source", "recording.reappeared"]


def test_a_file_outside_the_buckets_is_listed_with_the_reason_and_one_event(
    held: CommBoxObject, upstream: Control
) -> None:
    """F16: no connection is made; sockets beyond loopback would fail this test."""
    upstream.add_recording(held.pk, recordingUrl="https://elsewhere.example/a/b.mp4?X-Amz-Signature=abc")
    refresh(held)
    refresh(held)
    row = Recording.objects.get()
    assert (row.state, row.may_be_tried) == (RecordingState.NOT_PLAYABLE, False)
    assert row.state_reason == "The file is on a host that is not on the list of recording buckets."
    assert row.url == "https://elsewhere.example/a/b.mp4"
    assert kinds() == ["recording.discovered", "recording.not_playable"]


def test_a_bad_neighbour_costs_nothing_and_hides_nothing(held: CommBoxObject, upstream: Control) -> None:
    """F08, F15: foreign objects are refused, odd values kept and flagged, an unread item is not a vanished one."""
    first = upstream.add_recording(held.pk, duration=-5, recordingType="hologram")
    refresh(held)
    upstream.add_recording(held.pk, claims_object=held.pk + 1)
    upstream.drop_activity(first.id)
    outcome = refresh_object(object_id=held.pk, by=BY)
    assert (outcome.ok, outcome.problems) == (True, 1)
    row = Recording.objects.get()
    assert (row.flags, row.duration_seconds, row.recording_type) == (["negative_duration"], None, "hologram")
    assert row.vanished_at is None
    refresh_object(object_id=held.pk, by=BY)
    problem = ParseProblem.objects.get()
    assert (problem.object_id, problem.reason, problem.times_seen) == (
        held.pk,
        "It belongs to another object.",
        2,
    )


def test_one_activity_told_twice_and_in_both_forms_is_one_row(held: CommBoxObject, upstream: Control) -> None:
    """F10."""
    activity = upstream.add_recording(held.pk)
    upstream.repeat_activity(activity.id)
    refresh(held)
    first_seen_at = Recording.objects.get().first_seen_at
    for virtual_host, presigned in ((True, False), (False, True), (True, True)):
        assert activity.file is not None
        activity.file = type(activity.file)(activity.file.bucket, activity.file.key, virtual_host, presigned)
        refresh(held)
    assert Recording.objects.get().first_seen_at == first_seen_at


@pytest.mark.parametrize("shape", ["A", "B", "C", "mixed"])
def test_every_shape_gives_the_same_row(held: CommBoxObject, upstream: Control, shape: str) -> None:
    upstream.add_recording(held.pk)
    refresh(held)
    upstream.switch(activity_shape=shape)
    refresh(held)
    assert Recording.objects.get().state == RecordingState.PLAYABLE
    assert "recording.vanished_at_source" not in kinds()


def test_activity_ids_may_appear_and_go_again(held: CommBoxObject, upstream: Control) -> None:
    upstream.add_recording(held.pk)
    refresh(held)
    pk = Recording.objects.get().pk
    for ids in (True, False, True):
        upstream.switch(activity_ids=ids)
        refresh(held)
    assert Recording.objects.get().pk == pk
    assert kinds() == ["recording.discovered"]


def test_a_shape_without_ids_takes_none_away(held: CommBoxObject, upstream: Control) -> None:
    """And back again: the id that is still known tells whose recording it is, even when its file has moved."""
    upstream.switch(activity_ids=True)
    activity = upstream.add_recording(held.pk)
    refresh(held)
    pk = Recording.objects.get().pk
    for shape in ("B", "A", "C"):
        upstream.switch(activity_shape=shape)
        refresh(held)
    assert kinds() == ["recording.discovered"]
    assert activity.file is not None
    activity.file = replace(activity.file, key="moved/there.mp4")
    upstream.switch(activity_shape="A")
    refresh(held)
    assert Recording.objects.get().pk == pk
    assert kinds() == ["recording.discovered", "recording.changed_at_source"]


FAILURES = {
    "unauthorized": "CommBox rejected the API key.",
    "forbidden": "CommBox denied access to this server.",
    "not_found": "CommBox did not find what was requested.",
    "object_not_found": "CommBox did not find what was requested.",
    "throttled": "Too many calls to CommBox. The portal waits before it calls again.",
    "error_500": "CommBox reported an internal error.",
    "html_503": "CommBox reported an internal error.",
    "html_200": "The response from CommBox could not be read.",
    "invalid_json": "The response from CommBox could not be read.",
    "wrong_charset": "The response from CommBox could not be read.",
    "body_status": "CommBox reported an internal error.",
    "cut": "CommBox could not be reached.",
    "silence": "CommBox could not be reached.",
    "drip": "CommBox could not be reached.",
}


@pytest.mark.parametrize("fault", FAILURES)
def test_a_failure_keeps_every_row_and_says_why(held: CommBoxObject, upstream: Control, fault: str) -> None:
    """F01-F03, F07, F13: the rows stay, the sentence and the time stand beside them, the next look comes later."""
    upstream.add_recording(held.pk)
    refreshed_at = refresh(held).refreshed_at
    rows = list(Recording.objects.values())
    upstream.script_faults([{"kind": fault, "path": f"/objects/{held.pk}/activities", "count": 9}])
    outcome = refresh_object(object_id=held.pk, by=BY)
    held.refresh_from_db()
    assert outcome.error == held.refresh_error == FAILURES[fault]
    assert held.refreshed_at == refreshed_at
    assert held.refresh_attempts == 1
    assert held.refresh_error_at is not None
    assert held.refresh_due_at is not None
    assert held.refresh_due_at > timezone.now() + timedelta(seconds=20)
    assert list(Recording.objects.values()) == rows
    assert kinds() == ["recording.discovered"]
    upstream.clear_faults()
    assert refresh(held).refresh_error == ""
    assert held.refresh_attempts == 0


def test_the_other_key_is_tried_once(held: CommBoxObject, upstream: Control, settings: object) -> None:
    """F13."""
    upstream.script_faults([{"kind": "unauthorized", "path": "*activities"}])
    settings.COMMBOX_API_KEY_NEXT = "another-key-of-the-account"  # type: ignore[attr-defined]
    upstream.add_key("another-key-of-the-account")
    refresh(held)
    assert not SourceStatus.objects.exclude(failing_since=None).exists()


def test_an_unknown_object_is_said_to_be_unknown(db: None, upstream: Control) -> None:
    with pytest.raises(UnknownObject):
        refresh_object(object_id=2**62, by=BY)
    assert upstream.requests() == []


def test_an_older_answer_never_overwrites_a_newer_one(
    held: CommBoxObject, upstream: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two refreshes at once: the one that asked first but came home last stores nothing."""
    upstream.add_recording(held.pk)
    from recordings.refresh import fetching

    original = fetching.fetch

    def overtaken(object_id: int) -> object:
        monkeypatch.setattr(fetching, "fetch", original)
        older = original(object_id)
        upstream.add_recording(held.pk)
        refresh(held)
        assert Recording.objects.count() == 2
        return older

    monkeypatch.setattr(fetching, "fetch", overtaken)
    refresh(held)
    assert Recording.objects.filter(vanished_at=None).count() == 2
    assert kinds() == ["recording.discovered"] * 2


def test_a_hint_that_comes_while_asking_is_not_lost(
    held: CommBoxObject, upstream: Control, monkeypatch: pytest.MonkeyPatch
) -> None:
    from recordings.refresh import actions, fetching

    original = fetching.fetch

    def hinted(object_id: int) -> object:
        answer = original(object_id)
        actions.mark_due(held.pk)
        return answer

    monkeypatch.setattr(fetching, "fetch", hinted)
    refresh(held)
    assert held.refresh_due_at is not None
    assert held.refresh_due_at <= timezone.now()


def test_a_recording_of_the_seed_is_found(db: None, upstream: Control) -> None:
    thing = hold(upstream, recorded=True)
    refresh(thing)
    expected = len(upstream.world.conversation(thing.pk).activities_of(27))
    assert Recording.objects.filter(object=thing).count() == expected
