"""When the application itself fails, or the database is away before it is asked: a sentence, no stack, every header."""

import asyncio
from typing import Any

import pytest
from django.db import OperationalError

from auditportal.accounts.sessions import SessionStore
from auditportal.serving import body as bodies
from auditportal.serving import server as serving
from auditportal.serving.server import Server
from tests import coroutines


def ask(
    application: Any, messages: list[dict[str, Any]], **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Put one request to the server as Granian does; its status, headers and body."""
    sent: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/objects/",
        "raw_path": b"/objects/",
        "query_string": b"q=secretword",
        "http_version": "1.1",
        "scheme": "http",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.sleep(3600)
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(dict(message))

    coroutines.run(Server(application, threads=1)(scope, receive, send))
    if not sent:
        return 0, {}, b""
    given = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], given, b"".join(message.get("body", b"") for message in sent[1:])


WHOLE = {"type": "http.request", "body": b"x", "more_body": False}


def boom(environ: Any, start_response: Any) -> Any:
    raise RuntimeError("postgresql://web:hunter2@db")


def fine(environ: Any, start_response: Any) -> Any:
    start_response("200 OK", [])
    return [environ["wsgi.input"].read()]


def test_what_no_part_expected_is_a_sentence(db: None) -> None:
    status, headers, body = ask(boom, [WHOLE])
    assert (status, body) == (500, b"Something went wrong on our side.")
    assert len(headers["x-request-id"]) == 32
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]


def test_a_database_that_is_away_before_a_large_body_is_read(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> Any:
        raise OperationalError("connection to server failed")

    monkeypatch.setattr(SessionStore, "load", away)
    monkeypatch.setattr(serving, "close_old_connections", lambda: None)
    status, headers, body = ask(fine, [], content_length="100000", cookie="session=" + "a" * 32)
    assert (status, headers["retry-after"]) == (503, "2")
    assert b"database cannot be reached" in body


def test_a_client_that_goes_away_gets_nothing(db: None) -> None:
    assert ask(fine, [{"type": "http.disconnect"}])[0] == 0


@pytest.mark.parametrize("pieces", [0, 1, 5])
def test_a_body_that_stands_still_is_refused_wherever_it_does(
    db: None, monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    monkeypatch.setattr(bodies, "PATIENCE_SECONDS", 0.2)
    some = [{"type": "http.request", "body": b"x", "more_body": True} for _ in range(pieces)]
    assert ask(fine, some)[0] == 408


def test_a_body_that_keeps_its_pace_is_read(db: None) -> None:
    pieces = [{"type": "http.request", "body": b"y" * 1000, "more_body": True} for _ in range(60)]
    assert ask(fine, [*pieces, WHOLE]) == (200, {}, b"y" * 60_000 + b"x")
