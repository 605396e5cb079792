"""Serve add-checkpoint and the newest checkpoint over HTTP: on a TCP port, or on a unix socket of the signer's."""

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

# 63 hashes and a checkpoint with sixteen of the largest signatures there are fit in twice.
LARGEST_REQUEST = 256 * 1024
_TIMEOUT_SECONDS = 30
_MOST_CONNECTIONS = 64
_LATEST = re.compile(r"/([0-9a-f]{64})/checkpoint")
_log = logging.getLogger(__name__)


class ListenError(Exception):
    """An address that cannot be listened on; the text says why."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # kept alive, as clients should
    server_version, sys_version = "tlog-cosigner", ""
    timeout = _TIMEOUT_SECONDS
    wbufsize = -1  # an answer goes out in one write
    server: "_Server"

    def do_POST(self) -> None:
        """Answer below the submission prefix."""
        body = self._read_body()
        if isinstance(body, Response):
            self.close_connection = True  # what was not read would be taken for the next request
            self._respond(body)
        elif self.path == "/add-checkpoint":
            self._respond(self._add_checkpoint(body))
        else:
            self._respond(Response(404, "There is only /add-checkpoint.\n"))

    def do_GET(self) -> None:
        """Answer below the monitoring prefix."""
        if {"Content-Length", "Transfer-Encoding"} & set(self.headers):
            self.close_connection = True  # a body here would be taken for the next request
        match = _LATEST.fullmatch(self.path)
        missing = Response(404, "There is only /<origin hash>/checkpoint.\n")
        self._respond(self.server.cosigner.latest(match[1]) if match else missing)

    def _read_body(self) -> bytes | Response:
        length = self.headers.get("Content-Length")
        if length is None or "Transfer-Encoding" in self.headers:
            return Response(411, "A Content-Length is needed.\n")
        if not re.fullmatch("[0-9]{1,9}", length):
            return Response(400, "The Content-Length is not a number.\n")
        if int(length) > LARGEST_REQUEST:
            return Response(413, f"A request has at most {LARGEST_REQUEST} bytes.\n")
        body = self.rfile.read(int(length))
        return body if len(body) == int(length) else Response(400, "The request ended early.\n")

    def _add_checkpoint(self, body: bytes) -> Response:
        try:
            response = self.server.cosigner.add_checkpoint(body)
        except OSError as wrong:  # the disk: nothing was kept, so nothing is signed
            _log.error("The state could not be written: %s", wrong.strerror)
            return Response(500, "The checkpoint could not be kept, so it is not signed.\n")
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
        """Every answer is not worth a line; refusals have theirs."""


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: Any, cosigner: Cosigner) -> None:
        self.cosigner = cosigner
        self._slots = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for each connection, up to a limit: one too many is closed."""
        if self._slots.acquire(timeout=1):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Free the slot at the end of the connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._slots.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing of a client that hung up or fell silent; anything else is a defect of ours."""
        if not isinstance(sys.exception(), OSError):
            _log.error("A connection ended with an error.", exc_info=True)


class UnixServer(_Server):
    """Listens on a socket in the file system; takes the file away with it when it closes."""

    address_family = socket.AF_UNIX
    allow_reuse_address = False

    def __init__(self, path: Path, cosigner: Cosigner, mode: int) -> None:
        self._path, self._mode, self._bound = path, mode, False
        super().__init__(str(path), cosigner)

    def server_bind(self) -> None:
        """Nobody can connect before the mode is set: listening begins after this."""
        super().server_bind()
        self._bound = True
        self._path.chmod(self._mode)

    def server_close(self) -> None:
        """Close, and remove the socket's file if it is ours."""
        super().server_close()
        if self._bound:
            self._path.unlink(missing_ok=True)


def tcp_server(cosigner: Cosigner, host: str, port: int) -> _Server:
    """Make a server on a port (0: any free one, see `server_address`). ListenError when that fails."""
    try:
        return _Server((host, port), cosigner)
    except OSError as wrong:
        raise ListenError(f"{host}:{port} cannot be listened on: {wrong.strerror}.") from wrong


def unix_server(cosigner: Cosigner, path: Path, mode: int = 0o600) -> UnixServer:
    """Make a server on a unix socket that only `mode` may connect to. ListenError when that fails."""
    _remove_stale(path)
    try:
        return UnixServer(path, cosigner, mode)
    except OSError as wrong:
        raise ListenError(f"{path} cannot be listened on: {wrong.strerror or wrong}.") from wrong


def _remove_stale(path: Path) -> None:
    """Remove the socket that a killed process left behind; one that still answers, or another file, stays."""
    if not path.exists():
        return
    if not stat.S_ISSOCK(path.stat().st_mode):
        raise ListenError(f"{path} is there and is no socket.")
    with socket.socket(socket.AF_UNIX) as probe:
        if probe.connect_ex(str(path)) != errno.ECONNREFUSED:
            raise ListenError(f"Another process listens on {path}.")
    path.unlink()


def serve(server: _Server, ready: Callable[[], None]) -> None:
    """Answer until SIGTERM or SIGINT; `ready` is called once both are handled."""

    def stop(*_: Any) -> None:
        threading.Thread(target=server.shutdown, daemon=True).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    ready()
    with server:
        server.serve_forever(poll_interval=0.2)
