"""Webhooks in every form: what arrives, how often, when, in which order, and what the failed list says."""

import json
import threading
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from auditportal.sandbox.messages import Request, Response
from auditportal.sandbox.server import Server
from tests.waiting import PATIENCE_SECONDS, wait_for

from .conftest import Api


class Receiver:
    """A receiver that answers with `status` and keeps what came."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[Request] = []
        self._came = threading.Condition()
        self.server = Server(self._take, 0)
        self.url = f"http://127.0.0.1:{self.server.port}/hook?token=1"

    def _take(self, request: Request) -> Response:
        with self._came:
            self.requests.append(request)
            self._came.notify_all()
        return Response(self.status)

    def wait(self, number: int) -> list[Request]:
        with self._came:
            assert self._came.wait_for(lambda: len(self.requests) >= number, PATIENCE_SECONDS)
            return list(self.requests)


@pytest.fixture
def receiver(api: Api) -> Iterator[Receiver]:
    receiver = Receiver()
    receiver.server.start()
    api.sandbox.control.switch(webhook_url=receiver.url)
    yield receiver
    receiver.server.stop()


def test_a_finished_recording_is_announced_as_documented(api: Api, receiver: Receiver) -> None:
    call = api.sandbox.control.make_call(31246, listed_after=0)
    (request,) = receiver.wait(1)
    assert (request.method, request.path, request.query) == ("POST", "/hook", "token=1")
    assert request.headers["content-type"] == "application/json"
    event = json.loads(request.body)["Event"]
    assert (event["Subscription"], event["Name"], event["Brand"]) == ("Object", "OnNewActivity", "northwind")
    told = event["Object"]
    assert (told["Id"], told["StreamId"], told["SubStreamId"]) == (str(call.object_id), "31246", "0")
    activity = told["Activities"]["Activity"]
    assert (activity["Id"], activity["Type"]) == (str(call.activity_id), "27")
    assert activity["CreateDate"][2:3] == "-"
    assert activity["Data"]["recordingType"] == "video"
    assert "X-Amz-Signature" in activity["Data"]["recordingUrl"]


@pytest.mark.parametrize("form", ["json_text", "json_several", "payload"])
def test_other_json_forms(api: Api, receiver: Receiver, form: str) -> None:
    api.sandbox.control.switch(webhook_form=form, webhook_dates="year_first")
    api.sandbox.control.make_call(listed_after=0)
    body = json.loads(receiver.wait(1)[0].body)
    told = body["payload" if form == "payload" else "Event"]["Object"]["Activities"]["Activity"]
    if form == "json_several":
        assert [one["Type"] for one in told] == ["1", "27"]
        told = told[1]
    assert isinstance(told["Data"], dict if form == "payload" else str)
    assert told["CreateDate"][4:5] == "-"


def test_xml(api: Api, receiver: Receiver) -> None:
    api.sandbox.control.switch(webhook_form="xml")
    call = api.sandbox.control.make_call(listed_after=0)
    (request,) = receiver.wait(1)
    event = ElementTree.fromstring(request.body)
    assert (event.tag, event.get("Name")) == ("Event", "OnNewActivity")
    assert event.find("Object").get("Id") == str(call.object_id)
    activity = event.find("Object/Activities/Activity")
    assert (activity.get("Type"), activity.find("User/Identity") is None) == ("27", False)
    assert json.loads(activity.findtext("Data"))["duration"] == 20
    assert request.headers["content-type"] == "text/xml"


def test_remarks_are_announced_unless_only_recordings_are_wanted(api: Api, receiver: Receiver) -> None:
    talk = api.sandbox.control.world.recordings()[0][0]
    body = {"data": {"Text": "x", "ManagerId": 5501}}
    api.send("POST", f"objects/{talk.id}/remarks", json_body=body)
    receiver.wait(1)
    api.sandbox.control.switch(webhook_types=[27])
    api.send("POST", f"objects/{talk.id}/remarks", json_body=body)
    api.sandbox.control.make_call(listed_after=0)
    types = [
        json.loads(one.body)["Event"]["Object"]["Activities"]["Activity"]["Type"] for one in receiver.wait(2)
    ]
    assert types == ["1", "27"]


def test_doubled(api: Api, receiver: Receiver) -> None:
    api.sandbox.control.switch(webhook_copies=2)
    api.sandbox.control.make_call(listed_after=0)
    first, second = receiver.wait(2)
    assert first.body == second.body


def test_late(api: Api, receiver: Receiver) -> None:
    api.sandbox.control.switch(webhook_delay=3600)
    api.sandbox.control.make_call(listed_after=0)
    assert api.sandbox.control.hooks.scheduler.waiting() == 1
    assert receiver.requests == []
    api.sandbox.control.advance_clock(3601)
    assert len(receiver.wait(1)) == 1


def test_out_of_order(api: Api, receiver: Receiver) -> None:
    api.sandbox.control.switch(webhook_hold=3)
    calls = [api.sandbox.control.make_call(listed_after=0) for _ in range(3)]
    came = [json.loads(one.body)["Event"]["Object"]["Id"] for one in receiver.wait(3)]
    assert came == [str(call.object_id) for call in reversed(calls)]


def test_failures_are_listed(api: Api, receiver: Receiver) -> None:
    control = api.sandbox.control
    receiver.status = 500
    control.make_call(listed_after=0)
    receiver.wait(1)
    control.switch(webhook_url="http://127.0.0.1:1/")
    control.make_call(listed_after=0)
    wait_for(lambda: len(control.webhooks()) >= 2)
    refused, unreachable = control.failed_webhooks()
    assert (refused.status, refused.error) == (500, "The receiver answered 500")
    assert (unreachable.status, unreachable.error) == (None, "ConnectionRefusedError")
    assert b"OnNewActivity" in refused.payload


def test_without_a_url_nothing_is_sent(api: Api) -> None:
    api.sandbox.control.make_call(listed_after=0)
    assert api.sandbox.control.webhooks() == []
    assert api.sandbox.control.hooks.scheduler.waiting() == 0
