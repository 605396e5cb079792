"""A WSGI application behind an asynchronous server: what it is told, and what leaves."""

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from auditportal.serving.admission import Threads
from auditportal.serving.bridge import call, environ_of, send_answer
from tests import coroutines


def scope(headers: list[tuple[bytes, bytes]], raw_path: bytes = b"/", query: bytes = b"") -> dict[str, Any]:
    return {
        "method": "GET",
        "http_version": "1.1",
        "scheme": "http",
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers,
        "server": ("127.0.0.1", 8000),
        "client": ("203.0.113.9", 50000),
    }


NAMES = st.text("abcdefghijklmnopqrstuvwxyz-_", min_size=1, max_size=20).map(str.encode)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=20))), st.binary(max_size=40))
def test_a_header_with_an_underscore_is_no_header(headers: list[tuple[bytes, bytes]], query: bytes) -> None:
    """X_Forwarded_For would otherwise be taken for X-Forwarded-For, which only the proxy sets."""
    told = environ_of(scope([(b"x_forwarded_for", b"1.2.3.4"), *headers], query=query), io.BytesIO(), 0)
    kept = {name.decode().upper().replace("-", "_") for name, _ in headers if b"_" not in name}
    apart = {"CONTENT_TYPE", "CONTENT_LENGTH"}
    assert {key for key in told if key.startswith("HTTP_")} == {f"HTTP_{name}" for name in kept - apart}
    assert (told["QUERY_STRING"].encode("latin-1"), told["REMOTE_ADDR"]) == (query, "203.0.113.9")


@given(st.binary(max_size=30))
def test_any_path_arrives_byte_for_byte(path: bytes) -> None:
    quoted = b"/" + b"".join(b"%%%02X" % byte for byte in path)
    assert environ_of(scope([], quoted), io.BytesIO(), 0)["PATH_INFO"].encode("latin-1") == b"/" + path


def test_cookies_that_come_apart_are_joined_as_cookies_are() -> None:
    told = environ_of(
        scope([(b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x-a", b"1"), (b"x-a", b"2")]), io.BytesIO(), 7
    )
    assert (told["HTTP_COOKIE"], told["HTTP_X_A"], told["CONTENT_LENGTH"]) == ("a=1; b=2", "1,2", "7")


def sent_by(application: Any, slow: bool = False) -> list[dict[str, Any]]:
    async def run() -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []

        async def send(message: Any) -> None:
            messages.append(dict(message))

        threads = Threads("test", 1)
        answer = await threads.run(call, application, environ_of(scope([]), io.BytesIO(), 0))
        await send_answer(answer, send, threads)
        return messages

    return coroutines.run(run())


class Streamed:
    """An answer in 100 pieces of 10,000 bytes; it can break off, and knows whether it was closed."""

    closed = 0

    def __init__(self, breaks_at: int = -1) -> None:
        self.breaks_at = breaks_at

    def __call__(self, environ: Any, start_response: Any) -> "Streamed":
        start_response("206 Partial Content", [("Content-Length", "1000000")])
        return self

    def __iter__(self) -> Any:
        for number in range(100):
            if number == self.breaks_at:
                raise OSError("the file is gone")
            yield b"%04d" % number * 2500

    def close(self) -> None:
        self.closed += 1


def test_a_long_answer_leaves_in_pieces_and_whole() -> None:
    application = Streamed()
    start, *pieces = sent_by(application)
    assert (start["status"], start["headers"]) == (206, [(b"content-length", b"1000000")])
    assert b"".join(piece["body"] for piece in pieces) == b"".join(application)
    assert 3 < len(pieces) < 10
    assert [piece["more_body"] for piece in pieces] == [True] * (len(pieces) - 1) + [False]
    assert application.closed == 1


def test_an_answer_that_breaks_off_is_never_said_to_be_whole() -> None:
    for breaks_at in (0, 50, 99):
        application = Streamed(breaks_at)
        try:
            messages = sent_by(application)
        except OSError:
            messages = []
        assert all(message.get("more_body") for message in messages[1:])
        assert application.closed == 1
