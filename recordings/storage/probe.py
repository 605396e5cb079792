"""Request bytes of a file from storage, to find out whether it exists, is readable, and its size and version.

A presigned GET does not allow HEAD, so a probe gets the first bytes. Redirects are never followed.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from ssl import SSLContext

import httpx

from recordings.storage.answers import SNIFFED_BYTES, ProbeResult, StorageOutcome, read_found, read_refusal
from recordings.storage.hosts import address_of, is_loopback, is_public
from recordings.storage.network import GuardedBackend, deadline

TOTAL_SECONDS = 5.0
DIGEST_SECONDS = 300.0
MAX_BYTES = 64 * 1024


def probe(url: str, *, total_seconds: float = TOTAL_SECONDS) -> ProbeResult:
    """Read at most 64 KiB within `total_seconds` and interpret the answer. Never raises for what storage does.

    Pass only URLs of a Location: the probe checks the network address, not the bucket.
    """
    try:
        with deadline(total_seconds), _client() as client, client.stream("GET", url) as response:
            return _result_of(response, SNIFFED_BYTES)
    except (httpx.HTTPError, httpx.InvalidURL):
        return ProbeResult(StorageOutcome.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class RangeResult:
    """Bytes of a file, or the outcome when there are none. `size_bytes`: the length of the whole file, if known."""

    outcome: StorageOutcome
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

    If storage ignores ranges, only a range at the beginning of the file is read.
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
            if result.outcome is not StorageOutcome.FOUND:
                return RangeResult(result.outcome, size_bytes=result.size_bytes)
            if response.status_code == 200 and (suffix or first):
                return RangeResult(StorageOutcome.UNEXPECTED, size_bytes=result.size_bytes)
            return RangeResult(StorageOutcome.FOUND, _body(response, most), result.size_bytes)
    except (httpx.HTTPError, httpx.InvalidURL):
        return RangeResult(StorageOutcome.UNREACHABLE)


def digest(url: str, *, most_bytes: int, total_seconds: float = DIGEST_SECONDS) -> str | None:
    """Compute the SHA-256 (hex) of a whole file in chunks; None when it cannot be read whole or is too long."""
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


def _client(*, byte_range: str = f"bytes=0-{SNIFFED_BYTES - 1}") -> httpx.Client:
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
    """Permit public addresses, this machine under its own name, and addresses that the URL spells out."""
    number = address_of(address)
    if number is None:
        return False
    return is_public(number) or (is_loopback(host) and number.is_loopback) or address_of(host) == number


def _result_of(response: httpx.Response, first_bytes: int = 0) -> ProbeResult:
    """Interpret the answer, with the first bytes of the file if requested."""
    if response.status_code in (200, 206):
        return read_found(response, _body(response, first_bytes) if first_bytes else None)
    return read_refusal(response, b"" if response.status_code == 416 else _body(response))


def _body(response: httpx.Response, most: int = MAX_BYTES) -> bytes:
    body = b""
    for chunk in response.iter_raw(4096):
        body += chunk
        if len(body) >= most:
            break
    return body[:most]
