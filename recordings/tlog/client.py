"""Request signatures on checkpoints from a witness (by URL) or from the signer (by Unix socket)."""

import http.client
import socket
import threading
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from recordings.tlog.cosigner import SIZE
from recordings.tlog.notes import NoteError, Signature
from recordings.tlog.texts import decimal, encode64

_LARGEST_RESPONSE = 256 * 1024


class Unreachable(Exception):
    """The cosigner did not answer; the text says why."""


class Refused(Exception):
    """The cosigner answered, but not with a signature."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"Refused with {status}: {text}")
        self.status = status
        self.text = text


class Conflict(Refused):
    """The cosigner's last checkpoint has a different size. Ask again with a proof from that size."""

    def __init__(self, size: int) -> None:
        super().__init__(409, f"The last signed size is {size}.")
        self.size = size


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket's file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Client:
    """A cosigner at an `http(s)://` URL (its submission prefix) or, given a Path, at a Unix socket.

    The connection is kept until `close` or the end of `with`. Threads may share the client; their requests run one
    after another. Raises ValueError for any other address.
    """

    def __init__(self, address: str | Path, *, timeout_seconds: float = 10) -> None:
        self._lock = threading.Lock()
        self._prefix, self._connection = _connection(address, timeout_seconds)

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> list[str]:
        """Request signature lines on `note`; `path` proves that it grew from the cosigner's last size `old`.

        A witness expects the signed note, the signer only the checkpoint's text. The lines are not verified here: pass
        them to `Note.verify` before use. Raises Conflict, Refused or Unreachable.
        """
        lines = [f"old {old}", *map(encode64, path)]
        status, kind, text = self._request("POST", "/add-checkpoint", "\n".join(lines) + "\n\n" + note)
        if status == 409 and kind == SIZE:
            raise Conflict(_parse_size(text))
        if status != 200:
            raise Refused(status, text.strip())
        return _parse_lines(text)

    def latest(self, origin: str) -> str | None:
        """Request the newest note signed for a log; None when there is none. Raises Refused or Unreachable."""
        status, _, text = self._request("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint")
        if status == 404:
            return None
        if status != 200:
            raise Refused(status, text.strip())
        return text

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _request(self, method: str, path: str, body: str | None = None) -> tuple[int, str, str]:
        """Send a request, and again when a kept connection was closed. At worst, a checkpoint is signed twice."""
        with self._lock:
            reused = self._connection.sock is not None
            try:
                return self._send(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                if not reused or isinstance(error, TimeoutError):
                    raise Unreachable(_reason(error)) from error
            try:
                return self._send(method, path, body)
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(_reason(error)) from error

    def _send(self, method: str, path: str, body: str | None) -> tuple[int, str, str]:
        try:
            data = None if body is None else body.encode()
            self._connection.request(method, self._prefix + path, data)
            response = self._connection.getresponse()
            text = response.read(_LARGEST_RESPONSE + 1)
            if response.length and len(text) <= _LARGEST_RESPONSE:
                raise http.client.IncompleteRead(text)
        except BaseException:
            self._connection.close()
            raise
        if len(text) > _LARGEST_RESPONSE:
            self._connection.close()
            raise Refused(response.status, "The response is too large.")
        return response.status, response.getheader("Content-Type", ""), text.decode("utf-8", "replace")


def _connection(address: str | Path, timeout: float) -> tuple[str, http.client.HTTPConnection]:
    if isinstance(address, Path):
        return "", _UnixConnection(str(address), timeout)
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError("A cosigner's address is an http:// or https:// URL, or the path of a socket.")
    connect = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    return url.path.rstrip("/"), connect(url.hostname, url.port, timeout=timeout)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}."
    return f"{str(error) or type(error).__name__}."


def _parse_size(text: str) -> int:
    try:
        return decimal(text.removesuffix("\n"))
    except ValueError:
        raise Refused(409, "The response is not a size.") from None


def _parse_lines(text: str) -> list[str]:
    lines = text.removesuffix("\n").split("\n")
    try:
        return [Signature.parse(line).line for line in lines]
    except NoteError as error:
        raise Refused(200, f"The response is not a list of signatures: {error}") from error
