"""Every fault as a client on the wire meets it."""

import http.client
import json
import socket
import time
from typing import Any

import pytest

from auditportal.sandbox.world.seed import DIRECT_BUCKET

from .conftest import Answer, Api, send
from .test_s3 import Bucket


def fail(api: Api, kind: str, **more: Any) -> None:
    api.sandbox.control.script_faults([{"kind": kind, **more}])


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("error_500", 500, "Operation failed"),
        ("unauthorized", 401, "Unauthorized access"),
        ("forbidden", 403, "Forbidden"),
        ("not_found", 404, "Not found"),
        ("object_not_found", 400, "Object not found"),
        ("throttled", 429, "Too Many Requests"),
    ],
)
def test_answers_in_the_envelope(api: Api, kind: str, status: int, words: str) -> None:
    fail(api, kind)
    answer = api.get("tags")
    assert (answer.status, answer.json()["status"], answer.json()["description"]) == (status, status, words)
    assert api.get("tags").status == 200


def test_throttled_with_any_retry_after(api: Api) -> None:
    fail(api, "throttled", retry_after="12")
    assert api.get("tags").headers["retry-after"] == "12"


def test_a_success_that_says_it_is_none(api: Api) -> None:
    fail(api, "body_status", status=503)
    answer = api.get("tags")
    assert (answer.status, answer.json()["status"]) == (200, 503)


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [("html_503", 503, "text/html"), ("html_200", 200, "text/html"), ("bad_gateway", 502, "text/plain")],
)
def test_answers_of_a_gateway(api: Api, kind: str, status: int, content_type: str) -> None:
    fail(api, kind)
    answer = api.get("tags")
    assert (answer.status, answer.headers["content-type"]) == (status, content_type)


@pytest.mark.parametrize("kind", ["invalid_json", "wrong_charset", "deep_json"])
def test_bodies_that_are_no_json(api: Api, kind: str) -> None:
    fail(api, kind)
    answer = api.get("tags")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json; charset=utf-8")
    with pytest.raises((ValueError, RecursionError)):
        json.loads(answer.body.decode())


def test_an_answer_that_is_too_large(api: Api) -> None:
    fail(api, "oversized")
    assert len(api.get("tags").body) > 32 << 20


def test_a_redirect_elsewhere(api: Api) -> None:
    """A client that follows takes the key along."""
    fail(api, "redirect", location="http://127.0.0.1:1/steal")
    answer = api.get("tags")
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/steal")


def test_slow(api: Api) -> None:
    fail(api, "slow", seconds=0.2)
    began = time.monotonic()
    assert api.get("tags").status == 200
    assert time.monotonic() - began >= 0.2


def test_silence_then_the_end(api: Api) -> None:
    fail(api, "silence", seconds=0.1)
    began = time.monotonic()
    with pytest.raises(http.client.RemoteDisconnected):
        api.get("tags")
    assert time.monotonic() - began >= 0.1


def test_silence_lasts_30_seconds_unless_told() -> None:
    from auditportal.sandbox.behaviour.faults import Fault

    delivery = Fault("silence").delivery()
    assert delivery
    assert (delivery.delay_seconds, delivery.unanswered) == (30, True)


def test_a_client_may_give_up_on_silence(api: Api) -> None:
    fail(api, "silence")
    parts = api.sandbox.api_url.removeprefix("http://").strip("/").split(":")
    with socket.create_connection((parts[0], int(parts[1])), timeout=0.1) as connection:
        connection.sendall(b"GET /tags HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)


def test_cut_in_the_body(api: Api) -> None:
    fail(api, "cut", bytes=10)
    with pytest.raises(http.client.IncompleteRead) as caught:
        api.get("tags")
    assert len(caught.value.partial) == 10


def test_reset_before_an_answer(api: Api) -> None:
    fail(api, "reset")
    with pytest.raises(ConnectionResetError):
        api.get("tags")


def test_drip(api: Api) -> None:
    fail(api, "drip", bytes=3000)
    began = time.monotonic()
    answer = api.get("tags")
    assert answer.status == 200
    assert time.monotonic() - began >= len(answer.body) / 3000 - 0.1


def test_by_rate(api: Api) -> None:
    api.sandbox.control.fault_rate(0.5, ["error_500", "html_503"], seed=3)
    statuses = [api.get("tags").status for _ in range(60)]
    assert set(statuses) == {200, 500, 503}
    assert 15 < statuses.count(200) < 45
    api.sandbox.control.clear_faults()
    assert [api.get("tags").status for _ in range(10)] == [200] * 10


def test_scripts_go_by_path_and_count(api: Api) -> None:
    fail(api, "error_500", path="/objects/*", count=2)
    paths = ["tags", "objects/1/activities", "objects/2/activities", "objects/3/activities"]
    assert [api.get(path).status for path in paths] == [200, 500, 500, 404]
    faults = [one.fault for one in api.sandbox.control.requests()]
    assert faults == ["", "error_500", "error_500", ""]


def test_all_before_the_key_is_looked_at(api: Api) -> None:
    fail(api, "html_503")
    assert api.get("tags", key="wrong").status == 503


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("denied", 403, b"AccessDenied"),
        ("missing", 404, b"NoSuchKey"),
        ("unsatisfiable", 416, b"InvalidRange"),
        ("moved", 301, b"PermanentRedirect"),
        ("slow_down", 503, b"SlowDown"),
        ("internal_error", 500, b"InternalError"),
    ],
)
def test_faults_of_the_storage(api: Api, kind: str, status: int, code: bytes) -> None:
    api.sandbox.control.put_file(DIRECT_BUCKET, "a", b"abc", "video/mp4")
    url = Bucket(api.sandbox).url("a")
    fail(api, kind, target="s3", path=f"/{DIRECT_BUCKET}/*")
    answer = send("GET", url)
    assert (answer.status, b"<Code>%s</Code>" % code in answer.body) == (status, True)
    assert send("GET", url).status == 200


def test_a_storage_that_sends_no_parts(api: Api) -> None:
    api.sandbox.control.put_file(DIRECT_BUCKET, "a", b"abc", "video/mp4")
    fail(api, "whole", target="s3", path=f"/{DIRECT_BUCKET}/*")
    answers = [send("GET", Bucket(api.sandbox).url("a"), Range="bytes=1-1") for _ in range(2)]
    assert [(answer.status, answer.body) for answer in answers] == [(200, b"abc"), (206, b"b")]


def test_the_storage_can_be_slowed_down(api: Api) -> None:
    api.sandbox.control.put_file(DIRECT_BUCKET, "a", bytes(2000), "video/mp4")
    api.sandbox.control.switch(s3_bytes_per_second=8000)
    began = time.monotonic()
    answer: Answer = send("GET", Bucket(api.sandbox).url("a"))
    assert len(answer.body) == 2000
    assert time.monotonic() - began >= 0.15
