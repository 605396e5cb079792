"""Send a POST to an outside party with limits on time and size, without redirects or proxies."""

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import SplitResult, unquote, urlsplit

from recordings.proof.anchors.destination import DestinationError
from recordings.storage.hosts import is_loopback

_SECONDS = 15.0
_LONGEST_BODY = 256 * 1024


def post(url: str, body: bytes, content_type: str, *, seconds: float = _SECONDS) -> bytes:
    """Send a POST; returns the body of the response.

    Raises DestinationError unless the status is 200 and the whole exchange stays within the limits. A user name and
    password in the URL are sent as Basic authentication and never appear in an error.
    """
    parts = require_secure(url)
    host = parts.hostname or ""
    if parts.scheme == "http":
        connection = http.client.HTTPConnection(host, parts.port, timeout=seconds)
    else:
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=context)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = {"Content-Type": content_type, "User-Agent": "AuditPortal"}
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    try:
        connection.connect()
        with _deadline(connection.sock, seconds):
            connection.request("POST", target, body, headers)
            return _read_body(connection.getresponse())
    except (OSError, http.client.HTTPException) as error:
        raise DestinationError(f"The request to {parts.hostname} failed: {_reason(error)}.") from None
    finally:
        connection.close()


@contextmanager
def _deadline(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Close the connection after `seconds`. A timeout per read would not end a response that arrives byte by byte."""
    timed_out = threading.Event()

    def shut_down() -> None:
        timed_out.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, shut_down)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, DestinationError):
        if not timed_out.is_set():
            raise
    finally:
        timer.cancel()
    if timed_out.is_set():  # what was read until then may look like a complete response
        raise TimeoutError


def require_secure(url: str) -> SplitResult:
    """Split a URL that is https, or http to this machine. Raises DestinationError for any other."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise DestinationError("The URL must start with https:// (http:// is allowed only for this machine).")
    return parts


def without_secrets(url: str) -> str:
    """Remove the parts of a URL that may be secret: credentials, query and fragment."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _read_body(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        raise DestinationError(f"The server returned status {response.status}.")
    body = response.read(_LONGEST_BODY + 1)
    if len(body) > _LONGEST_BODY:
        raise DestinationError("The response is too large.")
    if response.length:
        raise DestinationError("The response is incomplete.")
    return body


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it timed out"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the server's certificate is not valid"
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
