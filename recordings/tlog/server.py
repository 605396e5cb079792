"""Serve add-checkpoint and the newest checkpoint over HTTP, on a TCP port (witness) or a Unix socket (signer)."""

import errno
import logging
import re
import signal
import socket
import socketserver
import stat
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from recordings.tlog.cosigner import Cosigner, Response

# Twice the size of 63 hashes and a checkpoint with sixteen of the largest signatures.
LARGEST_REQUEST = 256 * 1024
_TIMEOUT_SECONDS = 30
_MOST_CONNECTIONS = 64
_LATEST = re.compile(r"/([0-9a-f]{64})/checkpoint")
_log = logging.getLogger(__name__)


class ListenError(Exception):
    """The server cannot listen on an address; the text says why."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # allows keep-alive
    server_version, sys_version = "tlog-cosigner", ""
    timeout = _TIMEOUT_SECONDS
    wbufsize = -1  # buffer the response, to send it in one write
    server: "_Server"

    def do_POST(self) -> None:
        """Answer requests below the submission prefix."""
        body = self._read_body()
        if isinstance(body, Response):
            self.close_connection = True  # the unread body would be read as the next request
            self._respond(body)
        elif self.path == "/add-checkpoint":
            self._respond(self._add_checkpoint(body))
        else:
            self._respond(Response(404, "Only /add-checkpoint exists.\n"))

    def do_GET(self) -> None:
        """Answer requests below the monitoring prefix."""
        if {"Content-Length", "Transfer-Encoding"} & set(self.headers):
            self.close_connection = True  # a body would be read as the next request
        match = _LATEST.fullmatch(self.path)
        missing = Response(404, "Only /<origin hash>/checkpoint exists.\n")
        self._respond(self.server.cosigner.latest(match[1]) if match else missing)

    def _read_body(self) -> bytes | Response:
        length = self.headers.get("Content-Length")
        if length is None or "Transfer-Encoding" in self.headers:
            return Response(411, "A Content-Length is required.\n")
        if not re.fullmatch("[0-9]{1,9}", length):
            return Response(400, "The Content-Length is not a number.\n")
        if int(length) > LARGEST_REQUEST:
            return Response(413, f"A request has at most {LARGEST_REQUEST} bytes.\n")
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else Response(400, "The request is incomplete.\n")

    def _add_checkpoint(self, body: bytes) -> Response:
        try:
            response = self.server.cosigner.add_checkpoint(body)
        except OSError as error:  # of the disk; without a stored state, nothing is signed
            _log.error("The state could not be written: %s", error.strerror)
            return Response(500, "The checkpoint could not be stored, so it is not signed.\n")
        if response.status not in (200, 409):
            _log.warning("Refused with %d: %s", response.status, response.body.strip())
        return response

    def _respond(self, response: Response) -> None:
        body = response.body.encode()
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log no line per request; refusals are logged by `_add_checkpoint`."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: Any, cosigner: Cosigner) -> None:
        self.cosigner = cosigner
        self._slots = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for each connection. A connection beyond the limit is closed after a second."""
        if self._slots.acquire(timeout=1):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Handle the connection, then release its slot."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log errors of our own; a client that disconnects or times out is not logged."""
        if not isinstance(sys.exception(), OSError):
            _log.error("A connection ended with an error.", exc_info=True)


class UnixServer(_Server):
    """Listens on a Unix socket; removes the socket's file when it closes."""

    address_family = socket.AF_UNIX
    allow_reuse_address = False

    def __init__(self, path: Path, cosigner: Cosigner, mode: int) -> None:
        self._path, self._mode, self._bound = path, mode, False
        super().__init__(str(path), cosigner)

    def server_bind(self) -> None:
        """Bind the socket and set its mode. Clients can connect only after that, once the server listens."""
        super().server_bind()
        self._bound = True
        self._path.chmod(self._mode)

    def server_close(self) -> None:
        """Close the server and remove its socket's file."""
        super().server_close()
        if self._bound:
            self._path.unlink(missing_ok=True)


def tcp_server(cosigner: Cosigner, host: str, port: int) -> _Server:
    """Create a server on a TCP port (0: any free port, see `server_address`). Raises ListenError."""
    try:
        return _Server((host, port), cosigner)
    except OSError as error:
        raise ListenError(f"{host}:{port} cannot be used to listen: {error.strerror}.") from error


def unix_server(cosigner: Cosigner, path: Path, mode: int = 0o600) -> UnixServer:
    """Create a server on a Unix socket with file mode `mode`. Raises ListenError."""
    _remove_stale(path)
    try:
        return UnixServer(path, cosigner, mode)
    except OSError as error:
        raise ListenError(f"{path} cannot be used to listen: {error.strerror or error}.") from error


def _remove_stale(path: Path) -> None:
    """Remove a socket that a killed process left. Raises ListenError when it is in use or not a socket."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise ListenError(f"{path} exists and is not a socket.")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) != errno.ECONNREFUSED:
            raise ListenError(f"Another process is listening on {path}.")
    path.unlink()


def serve(server: _Server, ready: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT. `ready` is called once both signals are handled."""

    def stop(*_: Any) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ready()
    with server:
        server.serve_forever(poll_interval=0.2)
