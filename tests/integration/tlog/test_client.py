"""The client: responses, missing responses and malformed ones, and the sockets to which it connects."""

import socket
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from recordings.tlog import server
from recordings.tlog.client import Client, Conflict, Refused, Unreachable
from recordings.tlog.server import ListenError
from tests.integration.tlog.conftest import Parties
from tests.unit.tlog.grown import ORIGIN, checkpoint, path


def test_a_refusal_has_status_and_text(parties: Parties) -> None:
    parties.signer.add_checkpoint(0, [], checkpoint(4).text())
    with pytest.raises(Conflict) as conflict:
        parties.signer.add_checkpoint(2, path(2, 6), checkpoint(6).text())
    assert (conflict.value.size, conflict.value.status) == (4, 409)
    with pytest.raises(Refused) as refused:
        parties.signer.add_checkpoint(4, [], checkpoint(4, "false").text())
    assert (refused.value.status, refused.value.text) == (422, "There are two different roots of size 4.")


def test_a_kept_connection_that_was_closed_is_opened_again(parties: Parties) -> None:
    parties.witness.latest(ORIGIN)
    kept = parties.witness._connection.sock
    kept.shutdown(socket.SHUT_RDWR)
    assert parties.witness.latest(ORIGIN) is None


def test_a_server_that_does_not_answer_is_unreachable(tmp_path: Path, parties: Parties) -> None:
    with pytest.raises(Unreachable, match="No such file"):
        Client(tmp_path / "none.sock").latest(ORIGIN)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(Unreachable, match="timed out"):
            Client(address, timeout_seconds=0.1).add_checkpoint(0, [], "x")
    with pytest.raises(Unreachable, match="refused"):
        Client(address).latest(ORIGIN)


@pytest.mark.parametrize("address", ["", "127.0.0.1:80", "ftp://x", "http://", "file:///etc/passwd"])
def test_an_address_must_be_a_url(address: str) -> None:
    with pytest.raises(ValueError, match="is an http"):
        Client(address)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes", "not a list of signatures"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "not a list of signatures"),
        (b"HTTP/1.1 409 C\r\nContent-Type: text/x.tlog.size\r\nContent-Length: 3\r\n\r\n+1\n", "not a size"),
        (
            b"HTTP/1.1 409 C\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n1\n",
            "Refused with 409: 1",
        ),
        (b"HTTP/1.1 302 F\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n", "Refused with 302"),
        (b"HTTP/1.1 500 E\r\nContent-Length: 1\r\n\r\n\xff", "Refused with 500"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000, "too large"),
    ],
)
def test_a_malformed_response_is_refused(answer: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        _request_answered_with(answer)


@pytest.mark.parametrize(
    "answer", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx"]
)
def test_an_incomplete_response_is_unreachable(answer: bytes) -> None:
    with pytest.raises(Unreachable):
        _request_answered_with(answer)


def _request_answered_with(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = Client(f"http://127.0.0.1:{listening.getsockname()[1]}", timeout_seconds=60)

        def reply() -> None:
            connection, _ = listening.accept()
            with connection, suppress(OSError):  # the client may close the connection early
                asked = b""
                while not asked.endswith(b"\n\nx"):  # unread bytes would reset the connection
                    asked += connection.recv(65_536)
                connection.sendall(answer)

        thread = threading.Thread(target=reply)
        thread.start()
        try:
            client.add_checkpoint(0, [], "x")
        finally:
            thread.join()
            client.close()


def test_the_socket_is_private_and_removed_with_the_server(parties: Parties, tmp_path: Path) -> None:
    assert stat.S_IMODE(parties.signer_socket.stat().st_mode) == 0o600
    cosigner: Any = None
    with server.unix_server(cosigner, tmp_path / "g.sock", 0o660):
        assert stat.S_IMODE((tmp_path / "g.sock").stat().st_mode) == 0o660
    assert not (tmp_path / "g.sock").exists()


def test_a_socket_in_use_is_kept_and_a_stale_one_is_replaced(parties: Parties, tmp_path: Path) -> None:
    cosigner: Any = None
    with pytest.raises(ListenError, match="Another process is listening"):
        server.unix_server(cosigner, parties.signer_socket)
    assert parties.signer.latest(ORIGIN) is None
    left = tmp_path / "left.sock"
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(left))
    with server.unix_server(cosigner, left):
        assert left.is_socket()


def test_an_address_that_cannot_be_used_is_named(parties: Parties, tmp_path: Path) -> None:
    cosigner: Any = None
    (tmp_path / "file").write_text("x")
    for address, sentence in (
        (tmp_path / "file", "is not a socket"),
        (tmp_path / ("x" * 120), "cannot be used to listen"),
        (tmp_path / "no" / "s.sock", "cannot be used to listen: No such file"),
    ):
        with pytest.raises(ListenError, match=sentence):
            server.unix_server(cosigner, address)
    with pytest.raises(ListenError, match="cannot be used to listen: Address already in use"):
        server.tcp_server(cosigner, "127.0.0.1", parties.witness_port)
