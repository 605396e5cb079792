"""One large file at a time is on the disk of a process."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from auditportal.serving import server
from auditportal.serving.server import Server
from recordings.proof.evidence.check.uploads import LARGEST_REQUEST
from tests import coroutines

HALF = b"x" * 1_000_000
Messages = list[dict[str, Any]]


@pytest.fixture
def portal(monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server whose application says how much it was sent, and to which everybody is signed in."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [])
        return [str(len(environ["wsgi.input"].read())).encode()]

    monkeypatch.setattr(server, "_has_session", lambda _: True)
    return Server(application, threads=2)


class Upload:
    """A request whose body comes in two halves, the second when it is let."""

    def __init__(self, path: str = "/audit/verify/", size: int = 2 * len(HALF)) -> None:
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "http_version": "1.1",
            "scheme": "http",
            "headers": [(b"content-length", str(size).encode()), (b"cookie", b"session=x")],
        }
        self.began, self.may_end = asyncio.Event(), asyncio.Event()
        self.sent: Messages = []

    async def receive(self) -> dict[str, Any]:
        if not self.began.is_set():
            self.began.set()
            return {"type": "http.request", "body": HALF, "more_body": True}
        await self.may_end.wait()
        return {"type": "http.request", "body": HALF, "more_body": False}

    async def send(self, message: Any) -> None:
        self.sent.append(message)

    async def ask(self, portal: Server) -> tuple[int, bytes, dict[bytes, bytes]]:
        await portal(self.scope, self.receive, self.send)
        start, *rest = self.sent
        return start["status"], b"".join(piece["body"] for piece in rest), dict(start["headers"])


def test_a_second_large_body_is_read_once_the_first_is_answered(portal: Server) -> None:
    async def both() -> None:
        first, second, small = Upload(), Upload(), Upload(size=1_000_000)
        one = asyncio.create_task(first.ask(portal))
        await first.began.wait()
        two = asyncio.create_task(second.ask(portal))
        # A small one need not wait.
        small.may_end.set()
        assert (await small.ask(portal))[0] == 413  # it brings more than it announced
        assert not second.began.is_set()
        second.may_end.set()
        first.may_end.set()
        assert (await one)[:2] == (await two)[:2] == (200, b"2000000")

    coroutines.run(both())


def test_who_waits_too_long_for_another_large_body_is_told_when_to_come_back(
    portal: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "_LARGE_WAIT_SECONDS", 0.05)

    async def both() -> None:
        first, second, third = Upload(), Upload("/audit/compare/"), Upload()
        one = asyncio.create_task(first.ask(portal))
        await first.began.wait()
        status, sentence, headers = await second.ask(portal)
        assert (status, headers[b"retry-after"]) == (503, b"60")
        assert sentence.startswith(b"Another large file is being checked.")
        first.may_end.set()
        third.may_end.set()
        assert (await one)[0] == 200
        assert (await third.ask(portal))[0] == 200

    coroutines.run(both())


@pytest.mark.parametrize(("path", "size"), [("/", 1_048_577), ("/audit/verify/", LARGEST_REQUEST + 1)])
def test_no_other_body_is_large(portal: Server, path: str, size: int) -> None:
    assert coroutines.run(Upload(path, size).ask(portal))[0] == 413
