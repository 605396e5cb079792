"""POST to an outside party, within a limit of time and of size. No redirect is followed, no proxy used."""

import base64
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import SplitResult, unquote, urlsplit

from recordings.proof.anchors.destination import Trouble
from recordings.storage.hosts import is_loopback

_SECONDS = 15.0
_LONGEST_BODY = 256 * 1024


def post(url: str, body: bytes, content_type: str, *, seconds: float = _SECONDS) -> bytes:
    """Send a POST; returns the body of the response. Trouble unless it is 200, short enough and in time as a whole.

    A user name and password in the URL are sent as Basic authentication and are in no sentence.
    """
    parts = secure(url)
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
        raise Trouble(f"{parts.hostname} could not be asked: {_why(error)}.") from None
    finally:
        connection.close()


@contextmanager
def _deadline(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Cut the connection off after `seconds`: a timeout per read never ends a response that drips."""
    timed_out = threading.Event()

    def cut() -> None:
        timed_out.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, Trouble):
        if not timed_out.is_set():
            raise
    finally:
        timer.cancel()
    if timed_out.is_set():  # what was read until then may look like a whole answer
        raise TimeoutError


def secure(url: str) -> SplitResult:
    """Split a URL that is https, or http to this machine. Trouble for any other."""
    parts = urlsplit(url)
    plain = parts.scheme == "http" and is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or plain):
        raise Trouble("Its address must start with https:// (http:// is for this machine only).")
    return parts


def without_secrets(url: str) -> str:
    """Cut what may be a secret out of a URL."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _read_body(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        raise Trouble(f"It answered {response.status}.")
    body = response.read(_LONGEST_BODY + 1)
    if len(body) > _LONGEST_BODY:
        raise Trouble("Its answer is too long.")
    if response.length:
        raise Trouble("Its answer breaks off.")
    return body


def _why(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate does not verify"
    return error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
