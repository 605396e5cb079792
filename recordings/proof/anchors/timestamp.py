"""Have checkpoints time-stamped (RFC 3161): an authority signs that a checkpoint existed at a time.

What is stamped is SHA-256 of the checkpoint's note as the log signed it, byte for byte, without cosignatures. What is
kept is the authority's whole response (TimeStampResp, DER), which `openssl ts -verify -in` reads.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from recordings.proof.anchors import ledger
from recordings.proof.anchors.der import NotDer, with_sorted_certificates
from recordings.proof.anchors.destination import Destination, Published, Trouble
from recordings.proof.anchors.http import post, without_secrets
from recordings.proof.anchors.ledger import Connection

NAME = "timestamp"
EVERY = timedelta(hours=1)
# A verifier allows 60 s between a record's time and its neighbouring stamps (docs/trail-format.md, `times`).
_SKEW = timedelta(seconds=60)


class TimestampDestination(Destination):
    """A time stamp authority: stamps the newest checkpoint."""

    name, every = NAME, EVERY

    def __init__(self, url: str, certificates: Path | None) -> None:
        self._url, self._certificates = url, certificates

    def publish(self, connection: Connection) -> Published:
        """Have the newest checkpoint stamped, check the stamp, keep it."""
        checkpoint = ledger.newest(connection)
        response, time = stamp(self._url, checkpoint.note.encode(), trusted(self._certificates))
        ledger.record_anchor(connection, NAME, checkpoint.size, without_secrets(self._url), response, time)
        return Published(checkpoint.size)


def trusted(path: Path | None) -> list[x509.Certificate]:
    """Read the certificates of a PEM file. Trouble when that is no such file."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes()) if path else []
    except (OSError, ValueError):
        raise Trouble("AUDIT_TSA_CERTIFICATES names no file of PEM certificates that can be read.") from None


def stamp(url: str, data: bytes, roots: list[x509.Certificate]) -> tuple[bytes, datetime]:
    """Ask for a stamp over `data`; returns the verified response and its time. Trouble when anything is not right."""
    if not roots:
        raise Trouble("Set AUDIT_TSA_CERTIFICATES: a stamp that cannot be checked proves nothing.")
    request = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256).build()
    response = _parse(post(url, request.as_bytes(), "application/timestamp-query"))
    builder = VerifierBuilder.from_request(request)
    for root in dict.fromkeys(roots):
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(response, data)
    except (VerificationError, ValueError) as error:
        raise Trouble(f"The stamp does not verify: {str(error).partition(':')[0]}.") from None
    time = response.tst_info.gen_time.astimezone(UTC)
    if abs(time - datetime.now(UTC)) > _SKEW:
        raise Trouble(f"The stamp says {time:%Y-%m-%d %H:%M:%S} UTC; one of the two clocks is wrong.")
    return response.as_bytes(), time


def _parse(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(with_sorted_certificates(answer))
    except (NotDer, ValueError, IndexError):
        raise Trouble("What it answered is not a time stamp.") from None
    if response.status:
        reason = " ".join(response.status_string)[:200]
        raise Trouble(f"It refused to stamp (status {response.status}){f': {reason}' if reason else ''}.")
    return response
