"""One POST to an outside party, with an end in time and in size. No redirect is followed, no proxy asked."""

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
_LONGEST_ANSWER = 256 * 1024


def post(url: str, body: bytes, content_type: str, *, seconds: float = _SECONDS) -> bytes:
    """The answer's body. Trouble when there is none, when it is not 200, too long, or takes too long in all.

    A user name and password in the URL are sent as Basic authentication and stand in no sentence.
    """
    place = secure(url)
    connection = _connection(place, seconds)
    headers = {"Content-Type": content_type, "User-Agent": "AuditPortal", **_authorization(place)}
    try:
        connection.connect()
        with _ending(connection.sock, seconds):
            connection.request("POST", _target(place), body, headers)
            return _answer(connection.getresponse())
    except (OSError, http.client.HTTPException) as error:
        raise Trouble(f"{place.hostname} could not be asked: {_why(error)}.") from None
    finally:
        connection.close()


@contextmanager
def _ending(sock: socket.socket, seconds: float) -> Iterator[None]:
    """Cut the connection off after `seconds`: a timeout per read never ends an answer that drips."""
    over = threading.Event()

    def cut() -> None:
        over.set()
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    except (OSError, http.client.HTTPException, Trouble):
        if not over.is_set():
            raise
    finally:
        timer.cancel()
    if over.is_set():  # what was read until then may look like a whole answer
        raise TimeoutError


def secure(url: str) -> SplitResult:
    """The parts of a URL that is https, or http to this machine. Trouble for any other."""
    place = urlsplit(url)
    plain = place.scheme == "http" and is_loopback(place.hostname or "")
    if not place.hostname or not (place.scheme == "https" or plain):
        raise Trouble("Its address must start with https:// (http:// is for this machine only).")
    return place


def shown(url: str) -> str:
    """A URL without whatever in it may be a secret."""
    place = urlsplit(url)
    return place._replace(netloc=place.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _connection(place: SplitResult, seconds: float) -> http.client.HTTPConnection:
    host = place.hostname or ""
    if place.scheme == "http":
        return http.client.HTTPConnection(host, place.port, timeout=seconds)
    return http.client.HTTPSConnection(
        host, place.port, timeout=seconds, context=ssl.create_default_context()
    )


def _target(place: SplitResult) -> str:
    return (place.path or "/") + (f"?{place.query}" if place.query else "")


def _authorization(place: SplitResult) -> dict[str, str]:
    if not place.username:
        return {}
    pair = f"{unquote(place.username)}:{unquote(place.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _answer(response: http.client.HTTPResponse) -> bytes:
    if response.status != 200:
        raise Trouble(f"It answered {response.status}.")
    body = response.read(_LONGEST_ANSWER + 1)
    if len(body) > _LONGEST_ANSWER:
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
