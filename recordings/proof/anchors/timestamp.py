"""Have checkpoints time-stamped (RFC 3161): an authority signs that a checkpoint existed at a time.

The stamp is over the SHA-256 of the checkpoint's note as the log signed it, byte for byte, without cosignatures. The
authority's complete response (TimeStampResp, DER) is kept; `openssl ts -verify -in` reads it.
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
from recordings.proof.anchors.destination import Destination, DestinationError, Published
from recordings.proof.anchors.http import post, without_secrets
from recordings.proof.anchors.ledger import Connection

NAME = "timestamp"
EVERY = timedelta(hours=1)
# Verifiers allow 60 s between an event's time and the stamps around it (docs/trail-format.md, `times`).
_SKEW = timedelta(seconds=60)


class TimestampDestination(Destination):
    """A time stamp authority, which stamps the newest checkpoint."""

    name, every = NAME, EVERY

    def __init__(self, url: str, certificates: Path | None) -> None:
        self._url, self._certificates = url, certificates

    def publish(self, connection: Connection) -> Published:
        """Have the newest checkpoint stamped, verify the stamp and store it."""
        checkpoint = ledger.newest(connection)
        response, time = stamp(self._url, checkpoint.note.encode(), trusted(self._certificates))
        ledger.record_anchor(connection, NAME, checkpoint.size, without_secrets(self._url), response, time)
        return Published(checkpoint.size)


def trusted(path: Path | None) -> list[x509.Certificate]:
    """Read the certificates of a PEM file. Raises DestinationError when it is not such a file."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes()) if path else []
    except (OSError, ValueError):
        raise DestinationError(
            "AUDIT_TSA_CERTIFICATES must name a readable file of PEM certificates."
        ) from None


def stamp(url: str, data: bytes, roots: list[x509.Certificate]) -> tuple[bytes, datetime]:
    """Request a stamp over `data`; returns the verified response and its time. Raises DestinationError."""
    if not roots:
        raise DestinationError(
            "Set AUDIT_TSA_CERTIFICATES, because a stamp that cannot be verified proves nothing."
        )
    request = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256).build()
    response = _parse(post(url, request.as_bytes(), "application/timestamp-query"))
    builder = VerifierBuilder.from_request(request)
    for root in dict.fromkeys(roots):
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(response, data)
    except (VerificationError, ValueError) as error:
        raise DestinationError(f"The stamp is not valid: {str(error).partition(':')[0]}.") from None
    time = response.tst_info.gen_time.astimezone(UTC)
    if abs(time - datetime.now(UTC)) > _SKEW:
        raise DestinationError(
            f"The stamp's time is {time:%Y-%m-%d %H:%M:%S} UTC, so one of the two clocks is wrong."
        )
    return response.as_bytes(), time


def _parse(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(with_sorted_certificates(answer))
    except (NotDer, ValueError, IndexError):
        raise DestinationError("The response is not a time stamp.") from None
    if response.status:
        reason = " ".join(response.status_string)[:200]
        because = f": {reason}" if reason else ""
        raise DestinationError(f"The authority refused to stamp (status {response.status}){because}.")
    return response
