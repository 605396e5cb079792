"""A stamp is stored only when it is valid: OpenSSL's own authority, and one that lies."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, decode_timestamp_response

from recordings.proof.anchors.destination import DestinationError
from recordings.proof.anchors.timestamp import stamp, trusted
from tests.tsa import Authority, Stamper, stamping

NOTE = b"log.example\n7\nabc=\n\n\xe2\x80\x94 log.example c2lnbmVk\n"


@pytest.fixture
def stamper(tsa: Authority) -> Iterator[Stamper]:
    with stamping(tsa) as running:
        yield running


def _stamp(stamper: Stamper) -> tuple[bytes, datetime]:
    return stamp(stamper.url, NOTE, trusted(stamper.authority.certificates))


def _other_request(data: bytes, *, nonce: bool = True) -> bytes:
    return (
        TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256, nonce=nonce)
        .build()
        .as_bytes()
    )


def test_a_real_stamp_is_accepted(stamper: Stamper) -> None:
    response, time = _stamp(stamper)
    assert abs(time - datetime.now(UTC)) < timedelta(seconds=60)
    assert decode_timestamp_response(response).tst_info.gen_time == time
    headers, _ = stamper.requests[0]
    assert headers["Content-Type"] == "application/timestamp-query"


def test_openssl_verifies_the_stored_response(stamper: Stamper, tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(NOTE)
    (tmp_path / "stamp.tsr").write_bytes(_stamp(stamper)[0])
    command = f"openssl ts -verify -data note -in stamp.tsr -CAfile {stamper.authority.certificates}"
    done = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "Verification: OK", done.stderr


def test_a_stamp_over_other_bytes_is_refused(stamper: Stamper, tsa: Authority) -> None:
    stamper.answer = lambda request: (200, tsa.reply(_other_request(b"other", nonce=False)))
    with pytest.raises(DestinationError, match="is not valid"):
        _stamp(stamper)


def test_an_old_stamp_over_the_same_bytes_is_refused(stamper: Stamper, tsa: Authority) -> None:
    """The nonce tells a replayed response from a new one."""
    old = tsa.reply(_other_request(NOTE))
    stamper.answer = lambda request: (200, old)
    with pytest.raises(DestinationError, match="Nonce mismatch"):
        _stamp(stamper)


def test_another_authority_is_not_trusted(stamper: Stamper, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "Somebody else")
    stamper.answer = lambda request: (200, other.reply(request))
    with pytest.raises(DestinationError, match="is not valid"):
        _stamp(stamper)


@pytest.mark.parametrize(
    "answer", [b"", b"garbage", b"\x30\x03\x02\x01\x00", b"<html>busy</html>", b"\x30\x84\xff"]
)
def test_a_malformed_response_is_reported_in_a_sentence(stamper: Stamper, answer: bytes) -> None:
    stamper.answer = lambda request: (200, answer)
    with pytest.raises(DestinationError, match="not a time stamp"):
        _stamp(stamper)


def test_any_changed_byte_of_a_stamp_is_detected(stamper: Stamper, tsa: Authority) -> None:
    """Every 40th byte of status, content, certificates and signature."""
    for at in range(0, 1000, 40):

        def changed(request: bytes, at: int = at) -> tuple[int, bytes]:
            reply = bytearray(tsa.reply(request))
            reply[at % len(reply)] ^= 0x04
            return 200, bytes(reply)

        stamper.answer = changed
        try:
            _, time = _stamp(stamper)
        except DestinationError:
            continue
        # What is not under the signature (an unused certificate) may differ; what was said may not.
        assert abs(time - datetime.now(UTC)) < timedelta(seconds=60), at


def test_a_refusal_has_its_reason(stamper: Stamper, tsa: Authority) -> None:
    stamper.answer = lambda request: (200, tsa.reply(b"\x30\x03\x02\x01\x07"))
    with pytest.raises(DestinationError, match="refused to stamp"):
        _stamp(stamper)


def test_a_status_that_is_not_200(stamper: Stamper) -> None:
    stamper.answer = lambda request: (503, b"")
    with pytest.raises(DestinationError, match="returned status 503"):
        _stamp(stamper)


def test_an_endless_response_is_not_read(stamper: Stamper) -> None:
    stamper.answer = lambda request: (200, b"x" * 300_000)
    with pytest.raises(DestinationError, match="too large"):
        _stamp(stamper)


def test_a_stamp_with_another_time_is_refused(stamper: Stamper) -> None:
    with (
        time_machine.travel(datetime.now(UTC) + timedelta(minutes=10)),
        pytest.raises(DestinationError, match="clocks"),
    ):
        _stamp(stamper)


def test_without_certificates_no_stamp_is_requested(stamper: Stamper, tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing in here")
    with pytest.raises(DestinationError, match="AUDIT_TSA_CERTIFICATES"):
        stamp(stamper.url, NOTE, trusted(None))
    with pytest.raises(DestinationError, match="AUDIT_TSA_CERTIFICATES"):
        trusted(tmp_path / "no.pem")
    assert stamper.requests == []
