"""Whatever CommBox, storage and webhooks say, the portal connects to hosts of its settings and to nothing else.

The whole suite runs with connections beyond this machine blocked; here each connection is written down, so that one to
another place on this machine is found as well.
"""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from auditportal.sandbox import Sandbox
from auditportal.sandbox.control.control import Control
from recordings.assurance.sampling import check_media
from recordings.custody.actions import look_at_file
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import Recording
from recordings.models.fields import uuid7
from recordings.refresh import streams, sweep
from recordings.refresh.actions import refresh_object
from recordings.refresh.runs import Tally
from recordings.webhooks.hints import fetch_hinted
from tests.integration.refresh.helpers import BY, VIDEO, hold
from tests.integration.webhooks.helpers import deliver

pytestmark = pytest.mark.django_db
Place = tuple[str, int]


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A port of this machine that is on no list. Who connects waits in its queue and is found there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def is_untouched(trap: socket.socket) -> bool:
    try:
        trap.accept()[0].close()
    except BlockingIOError:
        return True
    return False


@contextmanager
def written_down(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[Place]]:
    """Every address of the internet's families that this process connects to inside the block."""
    seen: set[Place] = set()
    connect = socket.socket.connect

    def connected(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX:
            seen.add((address[0], address[1]))
        connect(self, address)

    with monkeypatch.context() as patch:
        patch.setattr(socket.socket, "connect", connected)
        yield seen


def listed() -> set[Place]:
    urls = [settings.COMMBOX_API_URL, settings.REDIS_URL, *settings.RECORDING_BUCKETS]
    parts = map(urlsplit, urls)
    return {("127.0.0.1", part.port or 0) for part in parts}


def place_of(trap: socket.socket) -> str:
    return f"http://127.0.0.1:{trap.getsockname()[1]}"


def hostile_urls(trap: socket.socket, sandbox: Sandbox) -> list[str]:
    """Addresses that lead, or look as if they led, to a place of the settings."""
    port, ours = trap.getsockname()[1], urlsplit(sandbox.bucket_urls[0])
    return [
        f"{place_of(trap)}/1.mp4",
        f"http://localhost:{port}/2.mp4",
        f"http://[::1]:{port}/3.mp4",
        f"http://{ours.netloc}@127.0.0.1:{port}/4.mp4",
        f"http://127.0.0.1:{port}#@{ours.netloc}/5.mp4",
        f"http://2130706433:{port}/6.mp4",
        f"//127.0.0.1:{port}/7.mp4",
        "https://elsewhere.example/8.mp4",
        "ftp://elsewhere.example/9.mp4",
    ]


def test_every_road_leads_to_listed_places_only(
    upstream: Control, sandbox: Sandbox, trap: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listing, refresh, hints, custody's look, the nightly sample and a viewing's URL, over hostile addresses."""
    thing = hold(upstream)
    for url in hostile_urls(trap, sandbox):
        upstream.add_recording(thing.pk, recordingUrl=url, stored=False)
    upstream.add_recording(thing.pk, presigned=False)
    with written_down(monkeypatch) as seen:
        streams.discover()
        sweep.list_due(Tally())
        deliver(delivery(thing.pk, place_of(trap)))
        deliver(delivery(upstream.make_call(VIDEO, listed_after=0).object_id, place_of(trap)))
        fetch_hinted()
        refresh_object(object_id=thing.pk, by=BY)
        for recording in Recording.objects.filter(object=thing).select_related("object"):
            touch(recording)
    assert Recording.objects.filter(object=thing, state="not_playable").count() == 9
    assert seen
    assert seen <= listed()
    assert is_untouched(trap)


def touch(recording: Recording) -> None:
    """Everything that may reach for a recording's file."""
    look_at_file(recording=recording, by=BY)
    check_media(recording=recording, by=BY)
    try:
        fresh_url(recording, uuid7(), interactive=True)
    except NoUrl:
        return


def delivery(object_id: int, place: str) -> bytes:
    """A hint whose every address is a trap."""
    activity = {"Id": "1", "Type": "27", "Data": {"recordingUrl": f"{place}/x.mp4"}, "callback": place}
    thing = {"Id": str(object_id), "StreamId": str(VIDEO), "Activities": {"Activity": activity}}
    return json.dumps({"Event": {"Name": "OnNewActivity", "Object": thing, "Url": place}}).encode()


@pytest.mark.parametrize("fault", [("api", "redirect"), ("s3", "moved")])
def test_a_redirect_leads_nowhere(
    upstream: Control, trap: socket.socket, monkeypatch: pytest.MonkeyPatch, fault: tuple[str, str]
) -> None:
    """Neither the API's nor the storage's, and the key goes nowhere with it."""
    thing = hold(upstream)
    upstream.add_recording(thing.pk, presigned=False)
    assert refresh_object(object_id=thing.pk, by=BY).ok
    target, kind = fault
    recording = Recording.objects.select_related("object").get()
    upstream.script_faults([{"target": target, "kind": kind, "location": f"{place_of(trap)}/", "count": 20}])
    with written_down(monkeypatch) as seen:
        refresh_object(object_id=thing.pk, by=BY)
        touch(recording)
    assert seen <= listed()
    assert is_untouched(trap)


def test_the_watch_itself_sees_a_connection(trap: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the tests above could pass for nothing."""
    with written_down(monkeypatch) as seen:
        socket.create_connection(trap.getsockname(), timeout=60).close()
    assert seen == {trap.getsockname()}
    assert not seen <= listed()
    assert not is_untouched(trap)
