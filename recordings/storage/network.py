"""Network connections with a total deadline, to checked addresses only.

A timeout per read does not end an answer that sends one byte a second, so each exchange has a deadline for all waits on
its socket. A probe also connects to the very address that was checked, so a name that resolves to a private network, or
to another address the second time, gets no connection.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import httpcore

AddressCheck = Callable[[str, str], bool]  # (requested host, numeric address) -> whether to connect

_exchange = threading.local()


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Limit everything that this thread does on a GuardedBackend inside the block to `seconds`."""
    _exchange.ends_at = time.monotonic() + seconds
    try:
        yield
    finally:
        _exchange.ends_at = None


def _time_left(timeout: float | None, error: type[Exception]) -> float | None:
    """Return the shorter of a timeout and the time left. Raises `error` when no time is left."""
    ends_at: float | None = getattr(_exchange, "ends_at", None)
    if ends_at is None:
        return timeout
    left = ends_at - time.monotonic()
    if left <= 0:
        raise error("The total time allowed for this call is over.")
    return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _time_left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _time_left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Plain sockets with a deadline. With `may_connect`, connects to the very address that was checked."""

    def __init__(self, may_connect: AddressCheck | None = None) -> None:
        self._sockets = httpcore.SyncBackend()
        self._may_connect = may_connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect. Raises httpcore.ConnectError when no permitted address answers."""
        target = self._permitted_address(host, port, self._may_connect) if self._may_connect else host
        left = _time_left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._sockets.connect_tcp(target, port, left, local_address, socket_options))

    def _permitted_address(self, host: str, port: int, may_connect: AddressCheck) -> str:
        """Return the first address of `host`. Raises ConnectError unless all its addresses are permitted."""
        # RFC 6761, 6.3: every name below localhost is this machine, but not every resolver knows that.
        name = "localhost" if host.endswith(".localhost") else host
        try:
            resolved = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError("The host's name is not known.") from None
        addresses = [str(entry[4][0]) for entry in resolved]
        if not all(may_connect(host, address) for address in addresses):
            raise httpcore.ConnectError("The host's name leads to an address that is not permitted.")
        return addresses[0]
