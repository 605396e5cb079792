"""RFC 3161: an authority's signed word that a checkpoint existed at a time.

What is stamped is SHA-256 of the checkpoint's note as the log signed it, byte for byte, without cosignatures. What is
kept is the authority's whole response (TimeStampResp, DER), which `openssl ts -verify -in` reads.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimeStampRequest,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from recordings.proof.anchors import ledger
from recordings.proof.anchors.der import NotDer, with_sorted_certificates
from recordings.proof.anchors.destination import Errand, Trouble, Visit
from recordings.proof.anchors.http import post, shown
from recordings.proof.anchors.ledger import Connection

NAME = "timestamp"
EVERY = timedelta(hours=1)
# A verifier allows 60 s between a record's time and its neighbouring stamps (docs/trail-format.md, `times`).
_SKEW = timedelta(seconds=60)


class TimeStamping(Errand):
    """The errand: a stamp on the newest checkpoint."""

    name, every = NAME, EVERY

    def __init__(self, url: str, certificates: Path | None) -> None:
        self._url, self._certificates = url, certificates

    def visit(self, connection: Connection) -> Visit:
        """Have the newest checkpoint stamped, check the stamp, keep it."""
        checkpoint = ledger.newest(connection)
        response, time = stamp(self._url, checkpoint.note.encode(), trusted(self._certificates))
        ledger.keep(connection, NAME, checkpoint.size, shown(self._url), response, time)
        return Visit(checkpoint.size)


def trusted(path: Path | None) -> list[x509.Certificate]:
    """The certificates of a PEM file. Trouble when there are none."""
    try:
        return x509.load_pem_x509_certificates(path.read_bytes()) if path else []
    except (OSError, ValueError):
        raise Trouble("AUDIT_TSA_CERTIFICATES names no file of PEM certificates that can be read.") from None


def stamp(url: str, data: bytes, roots: list[x509.Certificate]) -> tuple[bytes, datetime]:
    """The authority's response over `data`, verified, and the time it says. Trouble when anything is not right."""
    if not roots:
        raise Trouble("Set AUDIT_TSA_CERTIFICATES: a stamp that cannot be checked proves nothing.")
    request = TimestampRequestBuilder(data=data, hash_algorithm=HashAlgorithm.SHA256).build()
    answer = post(url, request.as_bytes(), "application/timestamp-query")
    response = _parsed(answer)
    _check(request, response, data, roots)
    time = response.tst_info.gen_time.astimezone(UTC)
    if abs(time - datetime.now(UTC)) > _SKEW:
        raise Trouble(f"The stamp says {time:%Y-%m-%d %H:%M:%S} UTC; one of the two clocks is wrong.")
    return response.as_bytes(), time


def _parsed(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(with_sorted_certificates(answer))
    except (NotDer, ValueError, IndexError):
        raise Trouble("What it answered is not a time stamp.") from None
    if response.status:
        said = " ".join(response.status_string)[:200]
        raise Trouble(f"It refused to stamp (status {response.status}){f': {said}' if said else ''}.")
    return response


def _check(
    request: TimeStampRequest, response: TimeStampResponse, data: bytes, roots: list[x509.Certificate]
) -> None:
    builder = VerifierBuilder.from_request(request)
    for root in dict.fromkeys(roots):
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(response, data)
    except (VerificationError, ValueError) as error:
        raise Trouble(f"The stamp does not verify: {str(error).partition(':')[0]}.") from None
