"""A POST to an outside party: it ends in time, and no error contains a secret."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from recordings.proof.anchors.destination import DestinationError
from recordings.proof.anchors.http import post, without_secrets


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """Run a server for one connection."""

    def accept() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            asked = b""
            while not asked.endswith(b"?"):
                asked += connection.recv(65_536)
            serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        thread.join(60)


def _drip(first: bytes) -> Callable[[socket.socket], None]:
    def serve(connection: socket.socket) -> None:
        connection.sendall(first)
        for _ in range(10_000):  # for eight minutes, unless the other side hangs up
            time.sleep(0.05)
            connection.sendall(b"x")

    return serve


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
    ],
    ids=["status", "headers", "body", "body without length"],
)
def test_a_response_that_arrives_byte_by_byte_ends_in_time(first: bytes) -> None:
    with listening(_drip(first)) as url:
        began = time.monotonic()
        with pytest.raises(DestinationError, match="timed out"):
            post(url, b"?", "text/plain", seconds=0.4)
        assert time.monotonic() - began < 240


def test_a_missing_response_ends_in_time() -> None:
    with (
        listening(lambda connection: connection.recv(1)) as url,
        pytest.raises(DestinationError, match="timed out"),
    ):
        post(url, b"?", "text/plain", seconds=0.3)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "returned status 302"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "incomplete"),
        (b"not http at all\r\n\r\n", "The request to .* failed"),
        (b"", "The request to .* failed"),
    ],
)
def test_malformed_responses_are_reported_in_sentences(answer: bytes, words: str) -> None:
    with (
        listening(lambda connection: connection.sendall(answer)) as url,
        pytest.raises(DestinationError, match=words),
    ):
        post(url, b"?", "text/plain")


@pytest.mark.parametrize("url", ["http://tsa.example/x", "ftp://127.0.0.1/", "https:///x", "", "tsa.example"])
def test_other_machines_need_https(url: str) -> None:
    with pytest.raises(DestinationError, match="https://"):
        post(url, b"?", "text/plain")


def test_shown_urls_and_errors_contain_no_secret() -> None:
    url = "https://me:geheim@tsa.example:8443/tsr?key=geheim#geheim"
    assert without_secrets(url) == "https://tsa.example:8443/tsr"
    with pytest.raises(DestinationError) as caught:
        post("http://me:geheim@127.0.0.1:9/x?key=geheim", b"?", "text/plain")
    assert "geheim" not in str(caught.value)
