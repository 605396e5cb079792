"""Exchange HTTP with CommBox: limited in time and size, and only with the configured host.

The only module of the client that imports httpx. It uses several small pools, because the CPU time of one large pool
grows quadratically.
"""

import itertools
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from ssl import SSLContext
from types import TracebackType
from typing import Self
from urllib.parse import urlencode, urlsplit

import httpx

from recordings.commbox.errors import BadResponse, CommBoxError, Unreachable
from recordings.storage.hosts import is_loopback
from recordings.storage.network import GuardedBackend, deadline

MAX_ANSWER_BYTES = 32 * 1024 * 1024
MAX_ERROR_BYTES = 64 * 1024
PIECE_BYTES = 256 * 1024
COMPRESSIONS = {
    "": None,
    "identity": None,
    "gzip": 31,
    "x-gzip": 31,
    "deflate": 15,
}  # and zlib's window bits for each
CONNECTIONS_PER_POOL = 5
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "AuditPortal"}


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to connect, to wait for the next bytes, and for one whole exchange."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 30.0


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """A response, not decoded."""

    status: int
    body: bytes = field(repr=False)
    charset: str | None
    retry_after: str


class Transport:
    """GET requests below one base URL. Thread-safe; must be closed."""

    def __init__(self, base_url: str, *, pools: int = 4) -> None:
        parts = urlsplit(base_url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or ""))
        if not secure or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise ValueError("CommBox's address must be https://host/ (http:// is for this machine only).")
        self._base = base_url.rstrip("/") + "/"
        tls = httpx.create_ssl_context()  # shared by all pools, because reading the certificates takes 20 ms
        self._pools = [_pool(tls) for _ in range(pools)]
        self._next_pool = itertools.cycle(self._pools)

    def get(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], timeouts: Timeouts
    ) -> RawAnswer:
        """Make one request. `path` is relative and encoded. Raises Unreachable or BadResponse."""
        try:
            with deadline(timeouts.total):
                return self._exchange(path, query, headers, timeouts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            failure = _failure(error)
        # Raised outside the except block, so that httpx's error, whose request contains the key, is not its context.
        raise failure

    def _exchange(
        self, path: str, query: Mapping[str, str], headers: Mapping[str, str], timeouts: Timeouts
    ) -> RawAnswer:
        limits = httpx.Timeout(timeouts.read, connect=timeouts.connect, pool=timeouts.total)
        url = f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}"
        request = httpx.Request(
            "GET", url, headers={**_HEADERS, **headers}, extensions={"timeout": limits.as_dict()}
        )
        with closing(next(self._next_pool).handle_request(request)) as response:
            return RawAnswer(
                response.status_code,
                _body(response),
                response.charset_encoding,
                response.headers.get("retry-after", ""),
            )

    def close(self) -> None:
        """Close every connection."""
        for pool in self._pools:
            pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _pool(tls: SSLContext) -> httpx.HTTPTransport:
    """Build a connection pool. httpx.Client is not used: it follows redirects, keeps cookies and obeys proxy variables,
    which must not happen here, and it takes a third of a call's CPU time."""
    limits = httpx.Limits(
        max_connections=CONNECTIONS_PER_POOL, max_keepalive_connections=CONNECTIONS_PER_POOL
    )
    transport = httpx.HTTPTransport(verify=tls, trust_env=False, limits=limits)
    transport._pool._network_backend = GuardedBackend()
    return transport


def _body(response: httpx.Response) -> bytes:
    """Read and decompress the body, up to the size limit."""
    success = 200 <= response.status_code < 300
    limit = MAX_ANSWER_BYTES if success else MAX_ERROR_BYTES
    body = bytearray()
    for piece in _decompressed(response):
        body += piece
        if len(body) > limit:
            break
    if success and len(body) > limit:
        raise BadResponse("It is longer than 32 MiB.", status=response.status_code, retriable=False)
    return bytes(body[:limit])


def _decompressed(response: httpx.Response) -> Iterator[bytes]:
    """Decompress once, in pieces of limited size. httpx would undo any number of encodings, in pieces of any size."""
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in COMPRESSIONS:
        raise BadResponse("Its compression was not requested.", status=response.status_code)
    window = COMPRESSIONS[encoding]
    if window is None:
        yield from response.iter_raw()
        return
    decompressor = zlib.decompressobj(window)
    try:
        for chunk in response.iter_raw():
            while chunk and not decompressor.eof:
                yield decompressor.decompress(chunk, PIECE_BYTES)
                chunk = decompressor.unconsumed_tail
    except zlib.error:
        raise BadResponse("Its compression is damaged.", status=response.status_code) from None
    if not decompressor.eof:
        raise BadResponse("Its compression is damaged.", status=response.status_code)


def _failure(error: Exception) -> CommBoxError:
    if isinstance(error, httpx.TimeoutException):
        return Unreachable("It did not respond in time.")
    if isinstance(error, httpx.ConnectError):
        return Unreachable("No connection could be made.")
    return Unreachable("The connection was lost.")
