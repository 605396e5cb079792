"""The real client against the sandbox: everything CommBox's documents promise, over real HTTP."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditportal.sandbox import Sandbox
from recordings.commbox import (
    BadResponse,
    CommBox,
    Forbidden,
    NotFound,
    ObjectItem,
    ServerError,
    Throttled,
    Timeouts,
    Unauthorized,
    Unreachable,
    Window,
)
from recordings.commbox.enums import VIDEO_CHAT_MODULE
from recordings.commbox.parsing.recordings import RECORDING_TYPE
from tests.integration.commbox.conftest import QUICK


def _everything(sandbox: Sandbox) -> Window:
    end = datetime.now(UTC) + timedelta(days=2)
    return Window(end - timedelta(days=400), end)


def _video_stream(sandbox: Sandbox) -> Any:
    return next(one for one in sandbox.control.world.streams.values() if one.module_id == VIDEO_CHAT_MODULE)


def _recorded(sandbox: Sandbox) -> Any:
    """A conversation with at least one recording."""
    return next(
        talk
        for talk in sandbox.control.world.conversations.values()
        if any(one.type == RECORDING_TYPE for one in talk.activities)
    )


def _objects(client: CommBox, stream: int | str, window: Window, **options: Any) -> list[ObjectItem]:
    return [item for page in client.stream_objects(stream, window, **options) for item in page.items]


def test_connection_and_people(commbox: CommBox, sandbox: Sandbox) -> None:
    commbox.system_status()
    world = sandbox.control.world
    assert {agent.agent_id for agent in commbox.agents().items} == set(world.agents)
    assert len(commbox.teams().items) == 3


def test_streams_are_discovered_by_their_counts(commbox: CommBox, sandbox: Sandbox) -> None:
    stats = commbox.stream_stats()
    video = {one.stream_id for one in stats.items if one.module_id == VIDEO_CHAT_MODULE}
    assert video == {s.id for s in sandbox.control.world.streams.values() if s.module_id == VIDEO_CHAT_MODULE}


@pytest.mark.parametrize("spelling", ["first", "second"])
@pytest.mark.parametrize("order", ["createdtime", "updatedtime"])
def test_every_object_of_every_stream_is_found_once(
    commbox: CommBox, sandbox: Sandbox, spelling: str, order: Any
) -> None:
    sandbox.control.switch(item_spelling=spelling, loose_types=spelling == "second")
    found = [
        item.object_id
        for stream in sandbox.control.world.streams
        for item in _objects(commbox, stream, _everything(sandbox), order=order)
    ]
    assert sorted(found) == sorted(sandbox.control.world.conversations)


def test_an_encrypted_stream_id_is_encoded_once(commbox: CommBox, sandbox: Sandbox) -> None:
    stream = _video_stream(sandbox)
    window = _everything(sandbox)
    assert stream.code.endswith("==")
    assert _objects(commbox, stream.code, window) == _objects(commbox, stream.id, window)


def test_objects_by_status(commbox: CommBox, sandbox: Sandbox) -> None:
    stream = _video_stream(sandbox)
    found = _objects(commbox, stream.id, _everything(sandbox), status=(8,))
    assert found
    assert {item.status_id for item in found} == {8}


@pytest.mark.parametrize("shape", ["A", "B", "C", "mixed"])
@pytest.mark.parametrize("ids", [True, False])
def test_recordings_in_every_shape_are_the_same(
    commbox: CommBox, sandbox: Sandbox, shape: Any, ids: bool
) -> None:
    sandbox.control.switch(activity_shape="A", activity_ids=ids)
    talk = _recorded(sandbox)
    expected = commbox.recordings(talk.id)
    sandbox.control.switch(activity_shape=shape)
    parsed = commbox.recordings(talk.id)
    assert parsed.problems == []
    assert [item.recorded_at for item in parsed.items] == [item.recorded_at for item in expected.items]
    assert [item.duration_seconds for item in parsed.items] == [
        item.duration_seconds for item in expected.items
    ]


@pytest.mark.parametrize("transfer", ["plain", "chunked", "gzip", "bom"])
def test_answers_in_every_transfer_form(commbox: CommBox, sandbox: Sandbox, transfer: str) -> None:
    sandbox.control.switch(transfer=transfer)
    assert commbox.recordings(_recorded(sandbox).id).items


def test_the_same_file_signed_twice_is_one_recording(commbox: CommBox, sandbox: Sandbox) -> None:
    """F10."""
    talk = _recorded(sandbox)
    activity = sandbox.control.add_recording(talk.id, presigned=True)
    first = {item.fingerprint for item in commbox.recordings(talk.id).items}
    sandbox.control.repeat_activity(activity.id)
    sandbox.control.advance_clock(5)
    assert {item.fingerprint for item in commbox.recordings(talk.id).items} == first


def test_odd_and_foreign_recordings(commbox: CommBox, sandbox: Sandbox) -> None:
    """F15; and an item of another object is refused, its neighbours kept."""
    talk = _recorded(sandbox)
    good = len(commbox.recordings(talk.id).items)
    sandbox.control.add_recording(talk.id, duration=-5, recordingType="screen")
    sandbox.control.add_recording(talk.id, claims_object=talk.id + 1)
    parsed = commbox.recordings(talk.id)
    assert (len(parsed.items), [one.reason for one in parsed.problems]) == (
        good + 1,
        ["It belongs to another object."],
    )
    assert [(one.flags, one.recording_type) for one in parsed.items if one.flags] == [
        (("negative_duration",), "screen")
    ]


@pytest.mark.parametrize("missing", ["404", "400"])
def test_an_object_that_is_not_there(commbox: CommBox, sandbox: Sandbox, missing: Any) -> None:
    sandbox.control.switch(object_missing=missing)
    with pytest.raises(NotFound):
        commbox.recordings(7)
    with pytest.raises(NotFound):
        commbox.get_object(_video_stream(sandbox).id, 7)


def test_one_object(commbox: CommBox, sandbox: Sandbox) -> None:
    talk = _recorded(sandbox)
    assert commbox.get_object(talk.stream_id, talk.id).object_id == talk.id


def test_keys_wrong_rotated_and_blocked(commbox: CommBox, sandbox: Sandbox) -> None:
    with CommBox(sandbox.api_url, ["wrong"]) as wrong, pytest.raises(Unauthorized):
        wrong.system_status()
    with CommBox(sandbox.api_url, [sandbox.expired_api_key, sandbox.next_api_key]) as rotated:
        rotated.system_status()
    sandbox.control.switch(ip_allow=["10.0.0.0/8"])
    with pytest.raises(Forbidden):
        commbox.system_status()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("error_500", ServerError),
        ("html_503", ServerError),
        ("bad_gateway", ServerError),
        ("invalid_json", BadResponse),
        ("html_200", BadResponse),
        ("wrong_charset", BadResponse),
        ("body_status", ServerError),
        ("redirect", BadResponse),
        ("oversized", BadResponse),
        ("deep_json", BadResponse),
        ("cut", Unreachable),
        ("reset", Unreachable),
        ("throttled", Throttled),
    ],
)
def test_each_fault_has_its_class_and_passes(
    commbox: CommBox, sandbox: Sandbox, kind: str, error: type[Exception]
) -> None:
    talk = _recorded(sandbox)
    sandbox.control.script_faults([{"kind": kind, "count": 9}])
    with pytest.raises(error):
        commbox.recordings(talk.id)
    sandbox.control.clear_faults()
    assert commbox.recordings(talk.id).items


def test_a_third_of_all_calls_failing_is_hardly_noticed(commbox: CommBox, sandbox: Sandbox) -> None:
    """F06."""
    sandbox.control.fault_rate(0.3, ["error_500", "bad_gateway"], seed=3)
    for _ in range(30):
        commbox.system_status()


def test_a_drip_ends(sandbox: Sandbox, commbox: CommBox) -> None:
    """F03."""
    sandbox.control.script_faults([{"kind": "drip", "bytes": 2}])
    started = time.monotonic()
    with (
        CommBox(
            sandbox.api_url, [sandbox.api_key], timeout=Timeouts(total=0.5), attempts=1, backoff=QUICK
        ) as client,
        pytest.raises(Unreachable),
    ):
        client.agents()
    assert time.monotonic() - started < 120  # at two bytes a second the answer would take longer than that


def test_throttling_is_waited_out(commbox: CommBox, sandbox: Sandbox) -> None:
    sandbox.control.switch(throttle_rate=5.0, throttle_burst=2, retry_after="seconds")
    for _ in range(4):
        commbox.system_status()
    assert {one.status for one in sandbox.control.requests()} == {200, 429}


@pytest.mark.parametrize("form", ["off", "seconds", "date", "past", "garbage", "year", "endless"])
def test_no_form_of_retry_after_makes_it_wait_for_long(commbox: CommBox, sandbox: Sandbox, form: str) -> None:
    """F05: what is short is waited out, what is long is handed on with at most an hour."""
    sandbox.control.switch(throttle_rate=5.0, throttle_burst=1, retry_after=form)
    started = time.monotonic()
    handed_on = []
    for _ in range(3):
        try:
            commbox.system_status()
        except Throttled as refusal:
            handed_on.append(refusal.retry_after)
    assert time.monotonic() - started < 300
    assert set(handed_on) <= {None, 0.0, 3600.0}
    assert (3600.0 in handed_on) is (form in ("year", "endless"))
