"""Probing a file: what each answer of storage means, and what a probe never does (F35, F37)."""

import logging
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from recordings.models import RecordingState
from recordings.storage import ProbeResult, RangeResult, StorageOutcome, probe, read_range
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
        StorageOutcome.FOUND,
        206,
        9_663_676_416,
        '"5d41"',
        datetime(2026, 5, 13, 9, 14, 25, tzinfo=UTC),
        "3sL4",
    )
    (seen,) = stub.seen
    assert (seen.headers["range"], seen.headers["accept-encoding"]) == ("bytes=0-15", "identity")
    assert "authorization" not in seen.headers
    assert "referer" not in seen.headers


def test_a_store_without_ranges_is_not_read_to_the_end(stub: Stub) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    stub.answer(wire(head + b"x" * 200_000))
    assert probe(stub.url) == ProbeResult(StorageOutcome.FOUND, 200, 99_999_999)


@pytest.mark.parametrize("value", ["bytes 0-0/*", "bytes 0-0/-5", "0-0/7", "bytes 0-0/" + "9" * 40, "", "７"])
def test_a_length_that_is_none_is_unknown(stub: Stub, value: str) -> None:
    result = asked(stub, 206, Content_Range=value.encode().decode("latin-1"), Last_Modified="never")
    assert (result.outcome, result.size_bytes, result.last_modified) == (StorageOutcome.FOUND, None, None)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (403, _xml("AccessDenied", "Request has expired"), StorageOutcome.EXPIRED),
        (400, _xml("ExpiredToken", "The provided token has expired."), StorageOutcome.EXPIRED),
        (403, _xml("AccessDenied", "Access Denied"), StorageOutcome.DENIED),
        (403, _xml("SignatureDoesNotMatch"), StorageOutcome.KEY_REFUSED),
        (403, _xml("InvalidAccessKeyId"), StorageOutcome.KEY_REFUSED),
        (400, _xml("InvalidToken"), StorageOutcome.KEY_REFUSED),
        (403, _xml("InvalidObjectState", "The operation is not valid"), StorageOutcome.ARCHIVED),
        (403, _xml("AccessDenied", "Request is not valid yet"), StorageOutcome.CLOCK_SKEWED),
        (403, _xml("AccessDenied", "Request is not yet valid"), StorageOutcome.CLOCK_SKEWED),
        (400, _xml("AuthorizationQueryParametersError"), StorageOutcome.KEY_REFUSED),
        (400, _xml("RequestTimeout"), StorageOutcome.BUSY),
        (403, b"", StorageOutcome.DENIED),
        (401, b"", StorageOutcome.DENIED),
        (403, _xml("RequestTimeTooSkewed"), StorageOutcome.CLOCK_SKEWED),
        (404, _xml("NoSuchKey"), StorageOutcome.MISSING),
        (404, _xml("NoSuchBucket"), StorageOutcome.NO_BUCKET),
        (404, _xml("NoSuchVersion"), StorageOutcome.MISSING),
        (410, b"", StorageOutcome.MISSING),
        (416, _xml("InvalidRange"), StorageOutcome.EMPTY),
        (301, _xml("PermanentRedirect"), StorageOutcome.MOVED),
        (307, _xml("TemporaryRedirect"), StorageOutcome.MOVED),
        (503, _xml("SlowDown"), StorageOutcome.BUSY),
        (500, _xml("InternalError"), StorageOutcome.BUSY),
        (502, b"<html>", StorageOutcome.BUSY),
        (429, b"", StorageOutcome.BUSY),
        (400, _xml("InvalidRequest"), StorageOutcome.UNEXPECTED),
        (204, b"", StorageOutcome.UNEXPECTED),
        (418, b"teapot", StorageOutcome.UNEXPECTED),
    ],
)
def test_what_a_refusal_means(stub: Stub, status: int, body: bytes, outcome: StorageOutcome) -> None:
    assert asked(stub, status, body) == ProbeResult(outcome, status)


@pytest.mark.parametrize(
    ("date", "outcome"),
    [
        ("Wed, 13 May 2026 09:15:24 GMT", StorageOutcome.DENIED),
        ("Wed, 13 May 2026 09:15:25 GMT", StorageOutcome.EXPIRED),
        ("never", StorageOutcome.EXPIRED),
    ],
)
def test_a_refusal_without_a_reason_is_judged_by_the_clock_of_the_store(
    stub: Stub, date: str, outcome: StorageOutcome
) -> None:
    """Ceph RGW answers AccessDenied for an expired URL. If it sends no time, the portal's clock decides."""
    stub.answer(wire(f"HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n".encode() + _xml("AccessDenied")))
    signed = f"X-Amz-Date=20260513T091425Z&X-Amz-Expires=60&{SECRET}"
    assert probe(f"{stub.url}acme/1.mp4?{signed}") == ProbeResult(outcome, 403)


def signed_at(moment: datetime, seconds: int = 90) -> str:
    return f"X-Amz-Date={moment:%Y%m%dT%H%M%SZ}&X-Amz-Expires={seconds}&{SECRET}"


REFUSALS_ABOUT_TIME = {
    "said to have expired": _xml("AccessDenied", "Request has expired"),
    "no reason, as Ceph RGW gives none": _xml("AccessDenied"),
    "no body": b"",
}


@pytest.mark.parametrize("body", REFUSALS_ABOUT_TIME.values(), ids=list(REFUSALS_ABOUT_TIME))
@pytest.mark.parametrize("ahead", [-86_400, -3_600, -1_200, 100, 120, 1_200, 3_600, 86_400])
def test_a_wrong_clock_is_told_from_a_refusal(stub: Stub, body: bytes, ahead: int) -> None:
    """The portal signs by its own clock. By storage's clock the link has expired, or is not valid yet."""
    now = datetime.now(UTC)
    date = format_datetime(now + timedelta(seconds=ahead), usegmt=True)
    if ahead < 0 and b"expired" in body:
        body = _xml("AccessDenied", "Request is not valid yet")
    stub.answer(wire(f"HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n".encode() + body))
    result = probe(f"{stub.url}acme/1.mp4?{signed_at(now)}")
    assert result.outcome == StorageOutcome.CLOCK_SKEWED
    assert result.clock_ahead is not None
    assert abs(result.clock_ahead - ahead) < 60


@pytest.mark.parametrize("ahead", [-600, -20, 0, 20, 60])
def test_clocks_that_differ_by_less_make_no_refusal_a_clock_fault(stub: Stub, ahead: int) -> None:
    now = datetime.now(UTC)
    date = format_datetime(now + timedelta(seconds=ahead), usegmt=True)
    stub.answer(wire(f"HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n".encode() + _xml("AccessDenied")))
    assert probe(f"{stub.url}acme/1.mp4?{signed_at(now, 300)}").outcome == StorageOutcome.DENIED


def test_a_link_that_has_ended_by_both_clocks_is_no_clock_fault(stub: Stub) -> None:
    now = datetime.now(UTC)
    date = format_datetime(now + timedelta(seconds=1), usegmt=True)
    expired = _xml("AccessDenied", "Request has expired")
    for begun in (now - timedelta(seconds=90), now - timedelta(days=3)):
        stub.answer(wire(f"HTTP/1.1 403 Forbidden\r\nDate: {date}\r\n\r\n".encode() + expired))
        assert probe(f"{stub.url}acme/1.mp4?{signed_at(begun)}").outcome == StorageOutcome.EXPIRED


@pytest.mark.parametrize(
    ("status", "code", "named", "expected"),
    [
        (400, "AuthorizationQueryParametersError", "eu-central-1", "eu-central-1"),
        (400, "AuthorizationHeaderMalformed", "eu-central-1", "eu-central-1"),
        (301, "PermanentRedirect", "il-central-1", "il-central-1"),
        (307, "TemporaryRedirect", "eu-north-1", "eu-north-1"),
        (400, "AuthorizationQueryParametersError", "eu-west-1", ""),
        (301, "PermanentRedirect", "eu-west-1", ""),
        (400, "AuthorizationQueryParametersError", "EU (Ireland)", ""),
        (400, "AuthorizationQueryParametersError", "x" * 300, ""),
        (403, "AccessDenied", "eu-central-1", ""),
    ],
)
@pytest.mark.parametrize("where", ["header", "body"])
def test_storage_names_the_region_it_expects(
    stub: Stub, status: int, code: str, named: str, expected: str, where: str
) -> None:
    body = _xml(code).replace(
        b"</Error>", f"<Region>{named}</Region></Error>".encode() * (where == "body") or b"</Error>"
    )
    headers = {"x_amz_bucket_region": named} if where == "header" else {}
    stub.answer(reply(status, raw=body, headers={k.replace("_", "-"): v for k, v in headers.items()}))
    scope = "X-Amz-Credential=AKIA%2F20260513%2Feu-west-1%2Fs3%2Faws4_request"
    result = probe(f"{stub.url}acme/1.mp4?{scope}&{SECRET}")
    assert (result.region, result.outcome == StorageOutcome.WRONG_REGION) == (expected, bool(expected))


@pytest.mark.parametrize(
    ("start", "outcome"),
    [
        (b"<!DOCTYPE html><html>", StorageOutcome.NOT_A_FILE),
        (b"\xef\xbb\xbf<?xml version", StorageOutcome.NOT_A_FILE),
        (b"\r\n  <html>", StorageOutcome.NOT_A_FILE),
        (b'{"message":"login"}', StorageOutcome.NOT_A_FILE),
        (b"\x00\x00\x00\x20ftypisom", StorageOutcome.FOUND),
        (b"\x1a\x45\xdf\xa3", StorageOutcome.FOUND),
        (b"RIFF", StorageOutcome.FOUND),
        (b"ID3\x04", StorageOutcome.FOUND),
        (b"", StorageOutcome.EMPTY),
    ],
)
def test_the_first_bytes_tell_a_page_from_a_file(stub: Stub, start: bytes, outcome: StorageOutcome) -> None:
    """A proxy's page, or an error with status 200, is not a recording."""
    assert asked(stub, 200, start).outcome == outcome


def test_a_version_that_is_a_deletion_is_a_missing_file(stub: Stub) -> None:
    result = asked(stub, 405, _xml("MethodNotAllowed"), x_amz_delete_marker="true")
    assert result.outcome == StorageOutcome.MISSING


def test_every_outcome_has_a_state_that_there_is_and_a_next_step() -> None:
    for outcome in StorageOutcome:
        assert outcome.state in ("", *RecordingState)
        # What passes by itself, and what is no fault of the file, leaves nothing behind.
        assert not (outcome.passes and outcome.state)


def test_every_outcome_is_a_sentence() -> None:
    assert all(outcome.sentence.endswith(".") and " " in outcome.sentence for outcome in StorageOutcome)


def test_a_redirect_is_not_followed(stub: Stub) -> None:
    with serving() as elsewhere:
        elsewhere.answer(reply(200))
        assert asked(stub, 302, Location=elsewhere.url).outcome == StorageOutcome.MOVED
        assert elsewhere.seen == []


def test_no_more_than_64_kib_of_a_refusal_is_read(stub: Stub) -> None:
    head = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99999999\r\n\r\n"
    stub.answer(wire(head + b" " * 70_000 + _xml("RequestTimeTooSkewed")))
    assert probe(stub.url) == ProbeResult(StorageOutcome.DENIED, 403)


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 403 x\r\nX-Slow: ", b"HTTP/1.1 403 x\r\nContent-Length: 99999\r\n\r\n"]
)
def test_a_drip_ends(stub: Stub, start: bytes) -> None:

    def drip(handler: Any) -> None:
        wire(start)(handler)
        wire(b"x" * 10_000, each=1, pause=0.05, stop=stub.stopping)(handler)  # for eight minutes

    stub.answer(drip)
    started = time.monotonic()
    assert probe(stub.url, total_seconds=0.5) == ProbeResult(StorageOutcome.UNREACHABLE)
    assert time.monotonic() - started < 240


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "https://127.0.0.1:1/x", "http://[::1", "", "nonsense", "http://"]
)
def test_nothing_that_answers(url: str) -> None:
    assert probe(url) == ProbeResult(StorageOutcome.UNREACHABLE)


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
    """A listed name that resolves into a private network."""
    _resolve(monkeypatch, addresses)
    assert probe(stub.url.replace("127.0.0.1", "store.example")) == ProbeResult(StorageOutcome.UNREACHABLE)
    assert stub.seen == []


def test_the_address_that_was_checked_is_the_one_connected_to(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is resolved once, so DNS cannot answer differently the second time."""
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
    assert probe("https://store.example/1.mp4") == ProbeResult(StorageOutcome.UNREACHABLE)


def test_no_url_reaches_the_log(stub: Stub, caplog: pytest.LogCaptureFixture) -> None:
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
    assert read_range(stub.url, first=2, last=6) == RangeResult(StorageOutcome.FOUND, b"films", 4000)
    stub.answer(reply(206, raw=b"ends", headers={"Content-Range": "bytes 3996-3999/4000"}))
    assert read_range(stub.url, suffix=4) == RangeResult(StorageOutcome.FOUND, b"ends", 4000)
    assert [seen.headers["range"] for seen in stub.seen] == ["bytes=2-6", "bytes=-4"]


def test_no_more_is_read_than_was_asked_for(stub: Stub) -> None:
    stub.answer(reply(206, raw=b"x" * 20_000, headers={"Content-Range": "bytes 0-19999/99999"}))
    assert len(read_range(stub.url, last=99).data) == 100


def test_a_store_without_ranges_gives_a_beginning_and_no_end(stub: Stub) -> None:
    for _ in range(3):
        stub.answer(reply(200, raw=b"whole film"))
    assert read_range(stub.url, last=4) == RangeResult(StorageOutcome.FOUND, b"whole", 10)
    assert read_range(stub.url, suffix=4) == RangeResult(StorageOutcome.UNEXPECTED, b"", 10)
    assert read_range(stub.url, first=2, last=4) == RangeResult(StorageOutcome.UNEXPECTED, b"", 10)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(404, StorageOutcome.MISSING), (416, StorageOutcome.EMPTY), (302, StorageOutcome.MOVED)],
)
def test_a_refused_range_says_why(stub: Stub, status: int, outcome: StorageOutcome) -> None:
    stub.answer(reply(status, raw=b""))
    assert read_range(stub.url, last=4) == RangeResult(outcome)
