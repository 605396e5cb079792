"""The protocol over real connections: every status as bytes on the wire, and as the client reports it."""

import socket
import threading
import time
from contextlib import suppress
from hashlib import sha256
from typing import Any

import pytest

from recordings.tlog import files
from recordings.tlog.client import Refused, Unreachable
from recordings.tlog.notes import Note, SigningKey, format_note
from recordings.tlog.server import LARGEST_REQUEST
from tests.integration.tlog.conftest import Parties
from tests.unit.tlog.grown import ORIGIN, checkpoint, note, path, request, root
from tests.waiting import wait_for

PLAIN = "text/plain; charset=utf-8"


def _raw(parties: Parties, data: bytes) -> tuple[int, dict[str, str], str]:
    """Send bytes on a new connection; returns status, headers and body of the response."""
    with socket.create_connection(("127.0.0.1", parties.witness_port), timeout=60) as connection:
        connection.sendall(data)
        return _read(connection)


def _read(connection: socket.socket) -> tuple[int, dict[str, str], str]:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        more = connection.recv(1)
        if not more:
            raise EOFError(head)
        head += more
    first, *lines = head.decode().strip().split("\r\n")
    headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
    body = b""
    while len(body) < int(headers["Content-Length"]):
        body += connection.recv(65_536)
    return int(first.split()[1]), headers, body.decode()


def _post(body: bytes, where: str = "/add-checkpoint", length: str | None = None) -> bytes:
    said = str(len(body)) if length is None else length
    return f"POST {where} HTTP/1.1\r\nHost: w\r\nContent-Length: {said}\r\n\r\n".encode() + body


def _get(where: str) -> bytes:
    return f"GET {where} HTTP/1.1\r\nHost: w\r\n\r\n".encode()


def _grow(parties: Parties, old: int, size: int, history: str = "true") -> bytes:
    return request(old, path(old, size, history), note(size, parties.log_key, history))


def test_a_checkpoint_goes_from_signer_to_witness_to_monitor(parties: Parties) -> None:
    for old, size in ((0, 4), (4, 4), (4, 300)):
        text = checkpoint(size).text()
        signed = format_note(text, parties.signer.add_checkpoint(old, path(old, size), text))
        lines = parties.witness.add_checkpoint(old, path(old, size), signed)
        both = Note.parse(signed + "".join(f"{line}\n" for line in lines))
        assert len(both.verify([parties.log_key.verifier, parties.witness_key.verifier])) == 2
        assert parties.signer.latest(ORIGIN) == signed
        assert parties.witness.latest(ORIGIN) == str(both)


def test_every_status_on_the_wire(parties: Parties) -> None:
    """The statuses of tlog-witness, one after another, on a witness with an empty state."""
    stranger, other = SigningKey.generate(ORIGIN), SigningKey.generate("other.example")
    asked: list[tuple[bytes, int]] = [
        (_post(b"nonsense"), 400),
        (_post(request(0, [], note(4, other, origin="other.example"))), 404),
        (_post(request(0, [], note(4, stranger))), 403),
        (_post(request(5, [], note(4, parties.log_key))), 400),
        (_post(request(3, path(3, 4), note(4, parties.log_key))), 409),
        (_post(request(0, [root(1)], note(4, parties.log_key))), 422),
        (_post(_grow(parties, 0, 4)), 200),
        (_post(_grow(parties, 0, 9)), 409),
        (_post(request(4, path(3, 9), note(9, parties.log_key))), 422),
        (_post(_grow(parties, 4, 4, "false")), 422),
        (_post(_grow(parties, 4, 9)), 200),
        (_post(_grow(parties, 4, 9), "/add-checkpoint/"), 404),
        (_post(_grow(parties, 4, 9), "/sign-subtree"), 404),
    ]
    answers = [_raw(parties, data) for data, _ in asked]
    assert [status for status, _, _ in answers] == [status for _, status in asked]
    sizes = [(body, headers["Content-Type"]) for status, headers, body in answers if status == 409]
    assert sizes == [("0\n", "text/x.tlog.size"), ("4\n", "text/x.tlog.size")]
    others = [(headers["Content-Type"], body[-1]) for status, headers, body in answers if status != 409]
    assert set(others) == {(PLAIN, "\n")}
    cosigned = [body for status, _, body in answers if status == 200]
    assert all(body.startswith("— audit.example ") and body.count("\n") == 1 for body in cosigned)


def test_the_monitoring_prefix(parties: Parties) -> None:
    where = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    assert _raw(parties, _get(where))[0] == 404
    cosigned = _raw(parties, _post(_grow(parties, 0, 4)))[2]
    status, headers, body = _raw(parties, _get(where))
    assert (status, headers["Content-Type"], body) == (200, PLAIN, note(4, parties.log_key) + cosigned)
    for wrong in (where.upper(), where + "/", "/", "/checkpoint", "/add-checkpoint", where[:-2]):
        assert _raw(parties, _get(wrong))[0] == 404


def test_a_monitor_gets_the_last_cosigned_checkpoint_and_can_verify_it(parties: Parties) -> None:
    """tlog-witness, Monitor Retrieval: the note has the log's verified line and the cosignature that was returned."""
    stranger = SigningKey.generate("stranger.example")
    where = f"/{sha256(ORIGIN.encode()).hexdigest()}/checkpoint"
    for old, size in ((0, 4), (4, 300)):
        text = checkpoint(size).text()
        lines = [parties.log_key.sign(text), stranger.sign(text)]
        cosigned = parties.witness.add_checkpoint(old, path(old, size), format_note(text, lines))
        found = Note.parse(_raw(parties, _get(where))[2])
        assert [signature.line for signature in found.signatures] == [lines[0], *cosigned]
        assert len(found.verify([parties.log_key.verifier, parties.witness_key.verifier])) == 2
    other = SigningKey.generate("other.example")
    assert _raw(parties, _post(request(0, [], note(4, other, origin="other.example"))))[0] == 404
    assert _raw(parties, _get(f"/{sha256(b'other.example').hexdigest()}/checkpoint"))[0] == 404
    assert _raw(parties, _get(where))[2] == str(found)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", 411),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (
            b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            411,
        ),
        (b"GET /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nGET", 404),
        (_post(b"", length="-1"), 400),
        (_post(b"", length="x"), 400),
        (_post(b"", length="9" * 5000), 400),
        (_post(b"", length=str(LARGEST_REQUEST + 1)), 413),
        (_post(b"", length="999999999"), 413),
    ],
)
def test_a_malformed_request_is_answered_and_the_connection_closed(
    parties: Parties, data: bytes, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", parties.witness_port), timeout=60) as connection:
        connection.sendall(data)
        answered, headers, _ = _read(connection)
        assert (answered, headers["Connection"]) == (status, "close")
        assert connection.recv(1) == b""


def test_the_largest_request_is_read(parties: Parties) -> None:
    large = b"x" * LARGEST_REQUEST
    assert _raw(parties, _post(large))[0] == 400


def test_an_incomplete_request_is_refused(parties: Parties) -> None:
    with socket.create_connection(("127.0.0.1", parties.witness_port), timeout=60) as connection:
        connection.sendall(_post(_grow(parties, 0, 4))[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert _read(connection)[0] == 400
    assert parties.witness.latest(ORIGIN) is None


def test_one_connection_answers_many_requests(parties: Parties) -> None:
    with socket.create_connection(("127.0.0.1", parties.witness_port), timeout=60) as connection:
        for old, size, status in ((0, 4, 200), (0, 4, 409), (4, 6, 200)):
            connection.sendall(_post(_grow(parties, old, size)))
            assert _read(connection)[0] == status


def test_other_methods_are_refused(parties: Parties) -> None:
    for method in ("PUT", "DELETE", "HEAD", "OPTIONS"):
        data = f"{method} /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n".encode()
        with socket.create_connection(("127.0.0.1", parties.witness_port), timeout=60) as connection:
            connection.sendall(data)
            assert connection.recv(100).startswith(b"HTTP/1.1 501 ")


def test_with_a_full_disk_nothing_is_signed(parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "replace", full)
    with pytest.raises(Refused, match="could not be stored") as refused:
        parties.signer.add_checkpoint(0, [], checkpoint(4).text())
    assert refused.value.status == 500
    monkeypatch.undo()
    assert parties.signer.latest(ORIGIN) is None


def test_of_simultaneous_requests_one_is_signed(parties: Parties, monkeypatch: pytest.MonkeyPatch) -> None:
    """Checking and storing are one step: of sixteen different trees of one size, all from size 0, one is signed."""
    keep = files.replace

    def slowly(*given: Any) -> None:
        time.sleep(0.02)
        keep(*given)

    monkeypatch.setattr(files, "replace", slowly)
    answers: list[int] = []

    def ask(number: int) -> None:
        asked = request(0, [], checkpoint(4, f"history {number}").text())
        answers.append(parties.signing.add_checkpoint(asked).status)

    rivals = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    assert sorted(answers) == [200, *[409] * 15]


def test_a_connection_beyond_the_limit_is_closed_and_the_server_continues(parties: Parties) -> None:
    held = [socket.create_connection(("127.0.0.1", parties.witness_port)) for _ in range(64)]
    with pytest.raises(Unreachable):
        parties.witness.latest(ORIGIN)
    for connection in held:
        connection.close()

    def answers() -> bool:
        with suppress(Unreachable):
            return parties.witness.latest(ORIGIN) is None
        return False

    wait_for(answers)
