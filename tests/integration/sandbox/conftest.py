"""One sandbox for these tests, as new for each of them, spoken to over real HTTP."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from auditportal.sandbox import Sandbox

TODAY = date(2026, 5, 13)


@dataclass
class Answer:
    """What came back. `headers` has lower-case names."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json()["data"]


def send(method: str, url: str, body: bytes | None = None, **headers: str) -> Answer:
    """One request on a connection of its own, with the target exactly as written; `Host` may be set."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
    target = url.split(parts.netloc, 1)[1]
    try:
        connection.request(
            method, target, body, {name.replace("_", "-"): value for name, value in headers.items()}
        )
        response = connection.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, named, response.read())
    finally:
        connection.close()


class Api:
    """CommBox's API with a valid key."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def get(
        self, path: str, *, key: str | None = None, headers: dict[str, str] | None = None, **query: Any
    ) -> Answer:
        return self.send("GET", path, key=key, headers=headers, **query)

    def send(
        self,
        method: str,
        path: str,
        *,
        key: str | None = None,
        headers: dict[str, str] | None = None,
        json_body: Any = None,
        **query: Any,
    ) -> Answer:
        body = None if json_body is None else json.dumps(json_body).encode()
        bearer = {"Authorization": f"Bearer {key or self.sandbox.api_key}"}
        url = f"{self.sandbox.api_url}{path}{'?' + urlencode(query) if query else ''}"
        return send(method, url, body, **{**bearer, **(headers or {})})

    def control(self, method: str, path: str, body: Any = None) -> Answer:
        """The control over HTTP, which needs no key."""
        sent = None if body is None else json.dumps(body).encode()
        return send(method, f"{self.sandbox.api_url}_sandbox/{path}", sent, Content_Type="application/json")


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with Sandbox(today=TODAY, throttle_rate=0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.control.reset()
    return running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    return Api(sandbox)
