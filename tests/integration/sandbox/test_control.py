"""The control over HTTP, and the server below everything."""

import base64
import socket
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from auditportal.sandbox import Sandbox
from auditportal.sandbox.control.api import ACTIONS
from auditportal.sandbox.world.seed import DIRECT_BUCKET
from tests.waiting import wait_for

from .conftest import TODAY, Api, send


def connect(url: str) -> HTTPConnection:
    parts = urlsplit(url)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=60)


class TestControl:
    def test_the_overview(self, api: Api) -> None:
        told = api.control("GET", "").json()
        assert (told["objects"], told["recordings"], told["today"]) == (400, 150, "2026-05-13")

    def test_reset_and_seed(self, api: Api) -> None:
        before = set(api.sandbox.control.world.conversations)
        assert api.control("POST", "seed", {"seed": 9, "today": "2026-06-01"}).status == 200
        assert api.control("GET", "").json()["today"] == "2026-06-01"
        api.control("POST", "switches", {"activity_shape": "B"})
        api.control("POST", "clock", {"advance_seconds": 50})
        api.control("POST", "reset")
        assert set(api.sandbox.control.world.conversations) == before
        assert api.control("GET", "switches").json()["activity_shape"] == "A"
        assert api.control("GET", "clock").json()["offset_seconds"] == 0

    def test_the_clock(self, api: Api) -> None:
        assert api.control("POST", "clock", {"advance_seconds": 60}).json()["offset_seconds"] == 60
        assert api.control("POST", "clock", {"offset_seconds": -5}).json()["offset_seconds"] == -5
        assert (
            api.control("POST", "clock", {"at": "2026-05-13T09:00:00Z"})
            .json()["now"]
            .startswith("2026-05-13T09:00")
        )

    def test_switches_and_their_refusals(self, api: Api) -> None:
        assert api.control("POST", "switches", {"presigned_ttl": 5}).json()["presigned_ttl"] == 5
        refused = api.control("POST", "switches", {"activity_shape": "Z"})
        assert refused.status == 400
        assert refused.json() == {"error": "activity_shape is one of A, B, C, list, mixed, not 'Z'."}

    def test_faults(self, api: Api) -> None:
        script = [{"kind": "error_500", "path": "/tags"}]
        assert api.control("POST", "faults", {"script": script}).json()[0]["kind"] == "error_500"
        assert api.get("tags").status == 500
        api.control("POST", "faults", {"rate": 1, "kinds": ["html_503"], "seed": 1})
        assert api.get("tags").status == 503
        api.control("DELETE", "faults")
        assert api.control("GET", "faults").json() == []
        assert api.get("tags").status == 200
        assert api.control("POST", "faults", {"script": [{"kind": "x"}]}).status == 400

    def test_logs(self, api: Api) -> None:
        api.get("tags")
        send("GET", f"{api.sandbox.s3_url}/a/b?x-grant=1")
        assert [one["path"] for one in api.control("GET", "requests").json()] == ["/tags"]
        (access,) = api.control("GET", "accesses").json()
        assert (access["key"], access["status"], access["parameters"]) == ("b", 403, {"x-grant": "1"})
        api.control("DELETE", "logs")
        assert api.control("GET", "requests").json() == api.control("GET", "accesses").json() == []

    def test_calls(self, api: Api) -> None:
        call = api.control("POST", "calls", {"stream_id": 31246, "stored_after": 0, "listed_after": 0}).json()
        assert call["listed"] is True
        assert api.control("GET", "calls").json() == [call]
        assert api.get(f"objects/{call['object_id']}/activities", activityType=27).data
        refused = api.control("POST", "calls", {"stream_id": 1})
        assert (refused.status, refused.json()["error"][:24]) == (400, "There is no video stream")
        assert api.control("POST", "calls", {"colour": "red"}).status == 400

    def test_recordings_files_and_activities(self, api: Api) -> None:
        recordings = api.control("GET", "recordings").json()
        assert len(recordings) == 150
        one = next(item for item in recordings if item["file"]["bucket"] == DIRECT_BUCKET)
        key, number = one["file"]["key"], one["activity_id"]
        path = f"objects/{one['object_id']}/activities"
        listed = len(api.get(path, activityType=27).data)
        api.control("POST", "activities/drop", {"activity_id": number})
        assert len(api.get(path, activityType=27).data) == listed - 1
        api.control("POST", "activities/restore", {"activity_id": number})
        api.control("POST", "activities/repeat", {"activity_id": number})
        assert len(api.get(path, activityType=27).data) == listed + 1
        new = base64.b64encode(b"new bytes").decode()
        assert api.control("POST", "files/replace", {"key": key, "content_base64": new}).json()["size"] == 9
        assert api.control("POST", "files/delete", {"key": key}).status == 200
        gone = api.control("POST", "files/delete", {"key": key})
        assert gone.json() == {"error": f"No bucket of the sandbox holds a file {key}."}
        added = api.control("POST", "recordings", {"object_id": one["object_id"], "duration": -1})
        assert added.json()["activity_id"] > number

    def test_keys(self, api: Api) -> None:
        api.control("POST", "keys/revoke", {"token": api.sandbox.api_key})
        assert api.get("tags").status == 401
        api.control("POST", "keys/add", {"token": "anything"})
        assert api.get("tags", key="anything").status == 200

    def test_webhooks(self, api: Api) -> None:
        answer = api.control("POST", "webhooks", {"url": "http://127.0.0.1:1/", "types": [27]})
        assert (answer.json()["webhook_url"], answer.json()["webhook_types"]) == ("http://127.0.0.1:1/", [27])
        api.control("POST", "calls", {"stored_after": 0, "listed_after": 0})
        wait_for(lambda: api.control("GET", "webhooks/failed").json())
        failed = api.control("GET", "webhooks/failed").json()
        assert failed == api.control("GET", "webhooks").json()
        assert (failed[0]["error"], failed[0]["status"]) == ("ConnectionRefusedError", None)

    def test_what_there_is_not(self, api: Api) -> None:
        answer = api.control("GET", "nothing")
        assert (answer.status, len(answer.json()["controls"])) == (404, len(ACTIONS))

    @pytest.mark.parametrize("body", [b"[]", b"{", b'"x"', b"\xff"])
    def test_a_body_that_is_none(self, api: Api, body: bytes) -> None:
        answer = send("POST", f"{api.sandbox.api_url}_sandbox/reset", body, Content_Type="application/json")
        assert answer.status == 400

    @pytest.mark.parametrize(
        ("method", "headers"),
        [
            ("POST", {"Content_Type": "text/plain"}),
            ("POST", {"Content_Type": "application/x-www-form-urlencoded"}),
            ("DELETE", {}),
            ("POST", {"Content_Type": "application/json", "Host": "evil.example"}),
            ("GET", {"Host": "evil.example:80"}),
        ],
    )
    def test_a_web_page_elsewhere_cannot_control(
        self, api: Api, method: str, headers: dict[str, str]
    ) -> None:
        path = "faults" if method == "DELETE" else "switches"
        assert send(method, f"{api.sandbox.api_url}_sandbox/{path}", b"{}", **headers).status == 403

    def test_the_control_is_not_in_the_request_log(self, api: Api) -> None:
        api.control("GET", "")
        assert api.sandbox.control.requests() == []


class TestServer:
    def test_a_connection_is_kept_alive(self, api: Api) -> None:
        with closing(connect(api.sandbox.api_url)) as connection:
            ports = set()
            for _ in range(3):
                connection.request("GET", "/tags")
                connection.getresponse().read()
                ports.add(connection.sock.getsockname())
            assert len(ports) == 1

    def test_many_at_once(self, api: Api) -> None:
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(api.get("managers").status)) for _ in range(40)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert statuses == [200] * 40

    @pytest.mark.parametrize(
        "headers", [{"Transfer-Encoding": "chunked"}, {"Content-Length": "2000000"}, {"Content-Length": "x"}]
    )
    def test_a_body_it_does_not_take(self, api: Api, headers: dict[str, str]) -> None:
        with closing(connect(api.sandbox.api_url)) as connection:
            connection.putrequest("POST", "/objects/1/remarks")
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            assert (response.status, response.getheader("Connection")) == (411, "close")

    def test_head_gets_the_length_without_the_body(self, api: Api) -> None:
        api.sandbox.control.switch(transfer="chunked")
        assert api.send("HEAD", "tags").body == b""

    def test_a_fault_of_its_own_is_loud(self, api: Api, caplog: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api.sandbox.control.api, "answer", lambda *_: 1 / 0)
        answer = api.get("tags", secret="value")
        assert (answer.status, answer.body) == (500, b"The sandbox itself failed; see its log.")
        assert [record.getMessage() for record in caplog.records] == ["The sandbox failed at GET /tags"]

    def test_stopping_ends_kept_and_silent_connections(self) -> None:
        """A stop does not wait for the ten minutes that one connection is to be silent for."""
        sandbox = Sandbox(today=TODAY).start()
        sandbox.control.script_faults([{"kind": "silence", "seconds": 600}])
        with closing(connect(sandbox.api_url)) as idle, closing(connect(sandbox.api_url)) as silent:
            idle.connect()
            silent.request("GET", "/tags")
            time.sleep(0.05)
            began = time.monotonic()
            sandbox.stop()
            assert time.monotonic() - began < 300
            assert idle.sock.recv(1) == b""
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", urlsplit(sandbox.api_url).port or 0), timeout=60)

    def test_it_listens_on_loopback_only(self, api: Api) -> None:
        assert {urlsplit(url).hostname for url in (api.sandbox.api_url, api.sandbox.s3_url)} == {"127.0.0.1"}

    def test_ports_can_be_chosen(self) -> None:
        with socket.socket() as free, socket.socket() as other:
            free.bind(("127.0.0.1", 0))
            other.bind(("127.0.0.1", 0))
            ports = free.getsockname()[1], other.getsockname()[1]
        with Sandbox(*ports) as sandbox:
            assert (sandbox.api_url, sandbox.s3_url) == (
                f"http://127.0.0.1:{ports[0]}/",
                f"http://127.0.0.1:{ports[1]}",
            )

    def test_settings_name_everything_a_portal_needs(self, api: Api) -> None:
        settings = api.sandbox.settings()
        assert settings["COMMBOX_API_URL"] == api.sandbox.api_url
        assert settings["RECORDING_BUCKETS"].split(",") == list(api.sandbox.bucket_urls)
        assert (settings["AWS_ACCESS_KEY_ID"], settings["S3_REGION"]) == (api.sandbox.access_key, "eu-west-1")
        assert not any(" " in value for value in settings.values())
