"""Ask storage for bytes of a file: is it there, may we read it, how long is it, which version is it?

A presigned GET does not allow HEAD, so the probe is a GET of one byte. Redirects are never followed.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext

import httpx

from recordings.storage.hosts import address_of, is_loopback, is_public
from recordings.storage.network import GuardedBackend, deadline
from recordings.storage.s3_urls import expiry_of
from recordings.worded import Worded

TOTAL_SECONDS = 5.0
DIGEST_SECONDS = 300.0
MAX_BYTES = 64 * 1024

_TOTAL_SIZE = re.compile(r"bytes (?:[0-9]{1,18}-[0-9]{1,18}|\*)/([0-9]{1,18})")
_S3_CODE = re.compile(rb"<Code>([A-Za-z]{1,60})</Code>")
_S3_EXPIRED = re.compile(rb"<Code>ExpiredToken</Code>|<Message>Request has expired", re.IGNORECASE)


class Outcome(Worded):
    """What storage said of the file; `sentence` says it to a person."""

    sentence: str

    FOUND = "found", "The file is in storage."
    EXPIRED = "expired", "The link to the file has expired."
    DENIED = "denied", "Storage refused access to the file."
    CLOCK_SKEWED = "clock_skewed", "Storage says this server's clock is wrong."
    MISSING = "missing", "The file is no longer in storage."
    EMPTY = "empty", "The file in storage is empty."
    MOVED = "moved", "Storage says the bucket is somewhere else."
    BUSY = "busy", "Storage is busy; it may answer in a moment."
    UNREACHABLE = "unreachable", "Storage could not be reached."
    UNEXPECTED = "unexpected", "Storage gave an answer that makes no sense."


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe found. `status` is None when nothing answered."""

    outcome: Outcome
    status: int | None = None
    size_bytes: int | None = None
    etag: str = ""
    last_modified: datetime | None = None
    version_id: str = ""


def probe(url: str, *, total_seconds: float = TOTAL_SECONDS) -> ProbeResult:
    """Read at most 64 KiB within `total_seconds` and say what they mean. Never raises for what storage does.

    Give it URLs of a Location only: it checks the address it connects to, not the bucket.
    """
    try:
        with deadline(total_seconds), _client() as client, client.stream("GET", url) as response:
            return _result_of(response)
    except (httpx.HTTPError, httpx.InvalidURL):
        return ProbeResult(Outcome.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class RangeResult:
    """Some bytes of a file, or why there are none; `size_bytes` is the length of the whole file where it is known."""

    outcome: Outcome
    data: bytes = b""
    size_bytes: int | None = None


def read_range(
    url: str,
    *,
    first: int = 0,
    last: int | None = None,
    suffix: int | None = None,
    total_seconds: float = TOTAL_SECONDS,
) -> RangeResult:
    """Read bytes `first` to `last`, both included, or the last `suffix` bytes. Never raises for what storage does.

    A storage that ignores ranges is read as far as the range goes when that is the beginning, and not at all otherwise.
    """
    byte_range = f"bytes=-{suffix}" if suffix else f"bytes={first}-{last}"
    most = suffix or (last or 0) - first + 1
    try:
        with (
            deadline(total_seconds),
            _client(byte_range=byte_range) as client,
            client.stream("GET", url) as response,
        ):
            result = _result_of(response)
            if result.outcome is not Outcome.FOUND:
                return RangeResult(result.outcome, size_bytes=result.size_bytes)
            if response.status_code == 200 and (suffix or first):
                return RangeResult(Outcome.UNEXPECTED, size_bytes=result.size_bytes)
            return RangeResult(Outcome.FOUND, _body(response, most), result.size_bytes)
    except (httpx.HTTPError, httpx.InvalidURL):
        return RangeResult(Outcome.UNREACHABLE)


def digest(url: str, *, most_bytes: int, total_seconds: float = DIGEST_SECONDS) -> str | None:
    """Compute the SHA-256 (hex) of a whole file, chunk by chunk; None when it cannot be read whole or is too long."""
    sha256, read = hashlib.sha256(), 0
    try:
        with deadline(total_seconds), _client(byte_range="") as client, client.stream("GET", url) as response:
            length = response.headers.get("content-length", "")
            if response.status_code != 200 or not length.isdecimal() or int(length) > most_bytes:
                return None
            for chunk in response.iter_raw(256 * 1024):
                sha256.update(chunk)
                read += len(chunk)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    return sha256.hexdigest() if read == int(length) else None


def _client(*, byte_range: str = "bytes=0-0") -> httpx.Client:
    transport = httpx.HTTPTransport(verify=_tls())
    transport._pool._network_backend = GuardedBackend(_may_connect)
    headers = {"Accept-Encoding": "identity", "User-Agent": "AuditPortal"}
    headers |= {"Range": byte_range} if byte_range else {}
    return httpx.Client(
        transport=transport, headers=headers, timeout=TOTAL_SECONDS, follow_redirects=False, trust_env=False
    )


@cache
def _tls() -> SSLContext:
    return httpx.create_ssl_context()


def _may_connect(host: str, address: str) -> bool:
    """A public address; this machine's own only under its own name; any address that was spelled out."""
    number = address_of(address)
    if number is None:
        return False
    return is_public(number) or (is_loopback(host) and number.is_loopback) or address_of(host) == number


def _result_of(response: httpx.Response) -> ProbeResult:
    status, headers = response.status_code, response.headers
    if status in (200, 206):
        return ProbeResult(
            Outcome.FOUND,
            status,
            _size(response),
            headers.get("etag", "")[:200],
            _http_date(headers.get("last-modified", "")),
            headers.get("x-amz-version-id", "")[:1024],
        )
    outcome = _refusal(status, b"" if status == 416 else _body(response))
    if outcome is Outcome.DENIED:
        # Ceph RGW refuses a URL that has expired by its own clock without saying why.
        ends_at = expiry_of(str(response.request.url))
        now = _http_date(headers.get("date", "")) or datetime.now(UTC)
        if ends_at is not None and ends_at <= now:
            outcome = Outcome.EXPIRED
    return ProbeResult(outcome, status)


def _size(response: httpx.Response) -> int | None:
    """The whole file's length, also where ranges are ignored."""
    if match := _TOTAL_SIZE.fullmatch(response.headers.get("content-range", "")):
        return int(match[1])
    length = response.headers.get("content-length", "")
    whole = response.status_code == 200 and re.fullmatch("[0-9]{1,18}", length)
    return int(length) if whole else None


def _http_date(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _body(response: httpx.Response, most: int = MAX_BYTES) -> bytes:
    body = b""
    for chunk in response.iter_raw(4096):
        body += chunk
        if len(body) >= most:
            break
    return body[:most]


def _refusal(status: int, body: bytes) -> Outcome:
    match = _S3_CODE.search(body)
    code = match[1].decode("ascii") if match else ""
    if code == "RequestTimeTooSkewed":
        return Outcome.CLOCK_SKEWED
    if _S3_EXPIRED.search(body):
        return Outcome.EXPIRED
    if status in (500, 502, 503, 504, 429) or code in ("SlowDown", "ServiceUnavailable"):
        return Outcome.BUSY
    if status in (401, 403):
        return Outcome.DENIED
    if status in (404, 410):
        return Outcome.MISSING
    if status in (301, 302, 303, 307, 308):
        return Outcome.MOVED
    # One byte was asked for from the start: only an empty file has none to give (RFC 9110, 15.5.17).
    return Outcome.EMPTY if status == 416 else Outcome.UNEXPECTED
