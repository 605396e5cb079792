"""The recording's life: a call ends, the file is stored, only then the activity appears; kept over a restart."""

import json
import time
from pathlib import Path

import pytest

from auditportal.sandbox import Sandbox
from tests.waiting import PATIENCE_SECONDS, wait_for

from .conftest import TODAY, Api


def told(api: Api, object_id: int) -> list[dict[str, object]]:
    items = api.get(f"objects/{object_id}/activities", activityType=27).data
    return [json.loads(item["data"]) for item in items]


def test_first_the_object_then_the_file_then_the_activity(api: Api) -> None:
    control = api.sandbox.control
    call = control.make_call(31246, medium="call-65s.mp4", stored_after=3600, listed_after=3600)
    bucket = control.storage.bucket(call.bucket)
    path = f"streams/31246/objects/{call.object_id}"
    fresh = api.get(path).data[0]
    assert (fresh["statusId"], bucket.newest(call.key), told(api, call.object_id)) == (8, None, [])

    control.advance_clock(3601)
    wait_for(lambda: bucket.newest(call.key) is not None)
    assert told(api, call.object_id) == []
    assert api.get(path).data[0]["updatedTime"] == fresh["updatedTime"]

    control.advance_clock(3601)
    assert call.wait(PATIENCE_SECONDS)
    (item,) = told(api, call.object_id)
    assert (item["duration"], item["fileSize"]) == (65, 353851)
    assert api.get(path).data[0]["updatedTime"] > fresh["updatedTime"]


def test_without_waits_all_is_done_when_it_returns(api: Api) -> None:
    call = api.sandbox.control.make_call(listed_after=0)
    assert call.listed.is_set()
    assert call.stream_id == 31245
    assert len(told(api, call.object_id)) == 1
    begun = {"unixStartTime": int(time.time()) - 120, "unixEndTime": int(time.time()) + 5}
    listed = api.get("streams/31245/objects", **begun).data
    assert [item["objectId"] for item in listed] == [call.object_id]


def test_it_takes_real_time_too(api: Api) -> None:
    call = api.sandbox.control.make_call(stored_after=0.05, listed_after=0.05)
    assert not call.listed.is_set()
    assert call.wait(PATIENCE_SECONDS)


def test_calls_are_new_objects_or_further_recordings_of_one(api: Api) -> None:
    control = api.sandbox.control
    first, second = control.make_call(listed_after=0), control.make_call(listed_after=0)
    assert first.object_id != second.object_id
    again = control.make_call(object_id=first.object_id, listed_after=0)
    assert again.key != first.key
    assert len(told(api, first.object_id)) == 2


def test_customer_and_agent_can_be_chosen(api: Api) -> None:
    control = api.sandbox.control
    customer = next(iter(control.world.customers.values()))
    call = control.make_call(customer_id=customer.id, agent_id=5508, listed_after=0)
    item = api.get(f"streams/31245/objects/{call.object_id}").data[0]
    assert (item["user"]["id"], item["assignedManagerId"]) == (customer.id, 5508)


def test_what_cannot_be_called_is_said(api: Api) -> None:
    control = api.sandbox.control
    with pytest.raises(ValueError, match=r"There is no video stream 31200\. There are: 31245, 31246\."):
        control.make_call(31200)
    with pytest.raises(ValueError, match="Stream 31200 has no video calls"):
        control.make_call(object_id=control.world.of_stream(31200)[0].id)
    with pytest.raises(KeyError, match="The sandbox has no object 5"):
        control.make_call(object_id=5)
    with pytest.raises(KeyError, match="The sandbox has no customer 5"):
        control.make_call(customer_id=5)
    assert len(control.world.conversations) == 400


def test_a_reset_forgets_calls_that_are_under_way(api: Api) -> None:
    api.sandbox.control.make_call(stored_after=60)
    api.sandbox.control.reset()
    api.sandbox.control.advance_clock(3600)
    assert api.sandbox.control.life.scheduler.waiting() == 0
    assert len(api.sandbox.control.world.recordings()) == 150


def test_a_restart_keeps_what_was_made(tmp_path: Path) -> None:
    with Sandbox(today=TODAY, state_dir=tmp_path, throttle_rate=0) as first:
        call = first.control.make_call(31246, medium="call-40s.webm", listed_after=0)
        first.control.make_call(object_id=call.object_id, listed_after=0)
        before = told_without_query(Api(first), call.object_id)
        talk = first.control.world.conversation(call.object_id)
    with Sandbox(state_dir=tmp_path, throttle_rate=0) as second:
        assert second.today == TODAY
        assert told_without_query(Api(second), call.object_id) == before
        again = second.control.world.conversation(call.object_id)
        assert (again.created_at, again.updated_at, again.customer) == (
            talk.created_at,
            talk.updated_at,
            talk.customer,
        )
        assert second.control.make_call(listed_after=0).object_id > call.object_id
        second.control.reset()
    with Sandbox(state_dir=tmp_path) as third:
        assert len(third.control.world.recordings()) == 150


def told_without_query(api: Api, object_id: int) -> list[dict[str, object]]:
    """What is told of recordings, without what changes with every answer and every port."""
    return [
        item | {"recordingUrl": str(item["recordingUrl"]).partition("?")[0].split("/", 3)[3]}
        for item in told(api, object_id)
    ]
