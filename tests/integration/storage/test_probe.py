"""Probing a file: what each answer of storage means, and what a probe never does (S31, F35, F37)."""

import logging
import socket
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from recordings.storage import Outcome, ProbeResult, RangeResult, probe, read_range
from tests.integration.commbox.stub import Stub, reply, serving, wire

SECRET = "X-Amz-Signature=0f1e2d3c"


@pytest.fixture
def stub() -> Any:
    with serving() as server:
        yield server


def _xml(code: str, message: str = "") -> bytes:
    return f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()


def asked(stub: Stub, status: int, raw: bytes = b"x", **headers: str) -> ProbeResult:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    stub.answer(reply(status, raw=raw, headers=named))
    return probe(f"{stub.url}acme/1.mp4?{SECRET}")


def test_a_file_that_is_there(stub: Stub) -> None:
    result = asked(
        stub,
        206,
        Content_Range="bytes 0-0/9663676416",
        ETag='"5d41"',
        Last_Modified="Wed, 13 May 2026 09:14:25 GMT",
        x_amz_version_id="3sL4",
    )
    assert result == ProbeResult(
        Outcome.FOUND, 206, 9_663_676_416, '"5d41"', datetime(2026, 5, 13, 9, 14, 25, tzinfo=UTC), "3sL4"
    )
    (seen,) = stub.seen
    assert (seen.headers["range"], seen.headers["accept-encoding"]) == ("bytes=0-0", "identity")
    assert "authorization" not in seen.headers
    assert "referer" not in seen.headers


def test_a_store_without_ranges_is_not_read_to_the_end(stub: Stub) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    stub.answer(wire(head + b"x" * 200_000))
    assert probe(stub.url) == ProbeResult(Outcome.FOUND, 200, 99_999_999)


@pytest.mark.parametrize("value", ["bytes 0-0/*", "bytes 0-0/-5", "0-0/7", "bytes 0-0/" + "9" * 40, "", "７"])
def test_a_length_that_is_none_is_unknown(stub: Stub, value: str) -> None:
    result = asked(stub, 206, Content_Range=value.encode().decode("latin-1"), Last_Modified="never")
    assert (result.outcome, result.size_bytes, result.last_modified) == (Outcome.FOUND, None, None)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (403, _xml("AccessDenied", "Request has expired"), Outcome.EXPIRED),
        (400, _xml("ExpiredToken", "The provided token has expired."), Outcome.EXPIRED),
        (403, _xml("AccessDenied", "Access Denied"), Outcome.DENIED),
        (403, _xml("SignatureDoesNotMatch"), Outcome.DENIED),
        (403, b"", Outcome.DENIED),
        (401, b"", Outcome.DENIED),
        (403, _xml("RequestTimeTooSkewed"), Outcome.CLOCK_SKEWED),
        (404, _xml("NoSuchKey"), Outcome.MISSING),
        (404, _xml("NoSuchBucket"), Outcome.MISSING),
        (410, b"", Outcome.MISSING),
        (416, _xml("InvalidRange"), Outcome.EMPTY),
        (301, _xml("PermanentRedirect"), Outcome.MOVED),
        (307, _xml("TemporaryRedirect"), Outcome.MOVED),
        (503, _xml("SlowDown"), Outcome.BUSY),
        (500, _xml("InternalError"), Outcome.BUSY),
        (502, b"<html>", Outcome.BUSY),
        (429, b"", Outcome.BUSY),
        (400, _xml("InvalidRequest"), Outcome.UNEXPECTED),
        (204, b"", Outcome.UNEXPECTED),
        (418, b"teapot", Outcome.UNEXPECTED),
    ],
)
def test_what_a_refusal_means(stub: Stub, status: int, body: bytes, outcome: Outcome) -> None:
    assert asked(stub, status, body) == ProbeResult(outcome, status)


@pytest.mark.parametrize(
    ("date", "outcome"),
    [
        ("Wed, 13 May 2026 09:15:24 GMT", Outcome.DENIED),
        ("Wed, 13 May 2026 09:15:25 GMT", Outcome.EXPIRED),
        ("never", Outcome.EXPIRED),
    ],
)
def test_a_refusal_without_a_reason_is_judged_by_the_clock_of_the_store(
    stub: Stub, date: str, outcome: Outcome
) -> None:
    """Ceph RGW says no more than AccessDenied of a URL that has ended. Without its clock, ours counts."""
    stub.answer(wire(f"HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n".encode() + _xml("AccessDenied")))
    signed = f"X-Amz-Date=20260513T091425Z&X-Amz-Expires=60&{SECRET}"
    assert probe(f"{stub.url}acme/1.mp4?{signed}") == ProbeResult(outcome, 403)


def test_every_outcome_is_a_sentence() -> None:
    assert all(outcome.sentence.endswith(".") and " " in outcome.sentence for outcome in Outcome)


def test_a_redirect_is_not_followed(stub: Stub) -> None:
    with serving() as elsewhere:
        elsewhere.answer(reply(200))
        assert asked(stub, 302, Location=elsewhere.url).outcome == Outcome.MOVED
        assert elsewhere.seen == []


def test_no_more_than_64_kib_of_a_refusal_is_read(stub: Stub) -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99999999\r\n\r\n"
    stub.answer(wire(head + b" " * 70_000 + _xml("RequestTimeTooSkewed")))
    assert probe(stub.url) == ProbeResult(Outcome.DENIED, 403)


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 403 x\r\nX-Slow: ", b"HTTP/1.1 403 x\r\nContent-Length: 99999\r\n\r\n"]
)
def test_a_drip_ends(stub: Stub, start: bytes) -> None:

    def drip(handler: Any) -> None:
        wire(start)(handler)
        wire(b"x" * 10_000, each=1, pause=0.05, stop=stub.stopping)(handler)  # for eight minutes

    stub.answer(drip)
    started = time.monotonic()
    assert probe(stub.url, total_seconds=0.5) == ProbeResult(Outcome.UNREACHABLE)
    assert time.monotonic() - started < 240


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "https://127.0.0.1:1/x", "http://[::1", "", "nonsense", "http://"]
)
def test_nothing_that_answers(url: str) -> None:
    assert probe(url) == ProbeResult(Outcome.UNREACHABLE)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00::1"],
        ["8.8.8.8", "127.0.0.1"],
    ],
)
def test_a_name_that_leads_inside_is_not_connected_to(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """S31: a listed name whose DNS answer points into a private network."""
    _resolve(monkeypatch, addresses)
    assert probe(stub.url.replace("127.0.0.1", "store.example")) == ProbeResult(Outcome.UNREACHABLE)
    assert stub.seen == []


def test_the_address_that_was_checked_is_the_one_connected_to(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S31: DNS that answers differently at a second look is not asked a second time."""
    asked_for: list[str] = []
    _resolve(monkeypatch, ["127.0.0.1"], asked_for)
    monkeypatch.setattr("recordings.storage.network.socket.create_connection", _to_an_address_only)
    stub.answer(reply(206, headers={"Content-Range": "bytes 0-0/7"}))
    assert probe(stub.url.replace("127.0.0.1", "acme.localhost")).size_bytes == 7
    assert asked_for.count("localhost") == 1
    assert stub.seen[0].headers["host"].startswith("acme.localhost:")


def test_a_name_that_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: object, **options: object) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert probe("https://store.example/1.mp4") == ProbeResult(Outcome.UNREACHABLE)


def test_no_url_reaches_the_log(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
    """S29."""
    with caplog.at_level(logging.DEBUG):
        asked(stub, 403, _xml("AccessDenied"))
        probe(f"http://127.0.0.1:1/?{SECRET}")
    assert SECRET not in caplog.text


_create_connection = socket.create_connection


def _to_an_address_only(address: tuple[str, int], *args: Any, **options: Any) -> socket.socket:
    assert address[0] == "127.0.0.1"
    return _create_connection(address, *args, **options)


def _resolve(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], asked_for: list[str] | None = None
) -> None:
    def answer(host: str, port: int, *args: object, **options: object) -> Any:
        if asked_for is not None:
            asked_for.append(host)
        family = socket.AF_INET6 if ":" in addresses[0] else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


# --- some bytes of it


def test_a_range_is_asked_for_and_read(stub: Stub) -> None:
    stub.answer(reply(206, raw=b"films", headers={"Content-Range": "bytes 2-6/4000"}))
    assert read_range(stub.url, first=2, last=6) == RangeResult(Outcome.FOUND, b"films", 4000)
    stub.answer(reply(206, raw=b"ends", headers={"Content-Range": "bytes 3996-3999/4000"}))
    assert read_range(stub.url, suffix=4) == RangeResult(Outcome.FOUND, b"ends", 4000)
    assert [seen.headers["range"] for seen in stub.seen] == ["bytes=2-6", "bytes=-4"]


def test_no_more_is_read_than_was_asked_for(stub: Stub) -> None:
    stub.answer(reply(206, raw=b"x" * 20_000, headers={"Content-Range": "bytes 0-19999/99999"}))
    assert len(read_range(stub.url, last=99).data) == 100


def test_a_store_without_ranges_gives_a_beginning_and_no_end(stub: Stub) -> None:
    for _ in range(3):
        stub.answer(reply(200, raw=b"whole film"))
    assert read_range(stub.url, last=4) == RangeResult(Outcome.FOUND, b"whole", 10)
    assert read_range(stub.url, suffix=4) == RangeResult(Outcome.UNEXPECTED, b"", 10)
    assert read_range(stub.url, first=2, last=4) == RangeResult(Outcome.UNEXPECTED, b"", 10)


@pytest.mark.parametrize(
    ("status", "outcome"), [(404, Outcome.MISSING), (416, Outcome.EMPTY), (302, Outcome.MOVED)]
)
def test_a_refused_range_says_why(stub: Stub, status: int, outcome: Outcome) -> None:
    stub.answer(reply(status, raw=b""))
    assert read_range(stub.url, last=4) == RangeResult(outcome)
