"""A small HTTP/1.1 server on loopback, with keep-alive, no delay, and full control over how a response ends."""

import contextlib
import logging
import socket
import struct
import threading
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from auditportal.sandbox.messages import Request, Response, Transmission

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
LARGEST_BODY = 1 << 20
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
DRIP_STEPS_PER_SECOND = 10
App = Callable[[Request], Response]


class Server(ThreadingHTTPServer):
    """A server on one port that answers with `app`."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, app: App, port: int) -> None:
        super().__init__((HOST, port), Handler)
        self.app = app
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        """Return the port it listens on, also when port 0 was requested."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a new thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, and end open connections and delayed responses."""
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Keep track of the connection, so that `stop` can end it while it is kept alive."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Stop tracking the connection when it ends."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnected; report every other error."""
        logger.debug("connection ended early", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120

    def serve(self) -> None:
        """Read a request, get the app's response, and send it."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self.deliver(Response(HTTPStatus.LENGTH_REQUIRED))
        else:
            self.deliver(self.answer(self.read(int(length))))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def read(self, length: int) -> Request:
        """Read the request for the app."""
        # The target as sent: `self.path` merges two leading slashes into one, and a key may begin with a slash.
        target = self.requestline.split(" ")[1]
        path, _, query = target.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(length)
        return Request(self.command, path, query, headers, body, self.client_address[0])

    def answer(self, request: Request) -> Response:
        """Get the app's response. A bug of the sandbox is logged and gives a bare 500."""
        try:
            return self.server.app(request)
        except Exception:
            logger.exception("The sandbox failed at %s %s", request.method, request.path)
            return Response(HTTPStatus.INTERNAL_SERVER_ERROR, b"The sandbox itself failed; see its log.")

    def deliver(self, response: Response) -> None:
        """Send the response the way it demands. When it is truncated, report how much was sent."""
        head, body = self.head(response), self.body(response)
        written = self.write(head + body, response.delivery, len(head))
        if response.cut_short is not None and written < len(head) + len(body):
            response.cut_short(max(0, written - len(head)))

    def body(self, response: Response) -> bytes:
        """Return the bytes after the headers: none for HEAD."""
        if self.command == "HEAD":
            return b""
        return chunked(response.body) if response.delivery.chunked else bytes(response.body)

    def head(self, response: Response) -> bytes:
        """Return the status line and headers. Content-Length is that of the whole body, also for HEAD."""
        headers = {"Date": formatdate(usegmt=True), **response.headers}
        if response.delivery.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif response.status != HTTPStatus.NOT_MODIFIED:
            headers.setdefault("Content-Length", str(len(response.body)))
        if self.close_connection:
            headers["Connection"] = "close"
        status = HTTPStatus(response.status)
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{k}: {v}" for k, v in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def write(self, wire: bytes, delivery: Transmission, head_size: int) -> int:
        """Write at once, late, slowly or truncated. Returns how many bytes were sent."""
        if delivery.delay_seconds:
            self.server.stopping.wait(delivery.delay_seconds)
        if delivery.unanswered or delivery.cut_after is not None:
            self.close_connection = True
            wire = b"" if delivery.unanswered else wire[: head_size + (delivery.cut_after or 0)]
        written = self.drip(wire, delivery.bytes_per_second) if delivery.bytes_per_second else self.push(wire)
        if delivery.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        return written

    def push(self, wire: bytes) -> int:
        """Write everything. Returns how many bytes were sent before the client disconnected."""
        view, written = memoryview(wire), 0
        try:
            while written < len(view):
                written += self.connection.send(view[written:])
        except OSError:
            self.close_connection = True
        return written

    def drip(self, wire: bytes, bytes_per_second: float) -> int:
        """Write slowly in small steps until done, the client leaves or the sandbox stops."""
        step = max(1, int(bytes_per_second / DRIP_STEPS_PER_SECOND))
        pause = step / bytes_per_second
        written = 0
        while written < len(wire) and not self.server.stopping.wait(pause if written else 0):
            sent = self.push(wire[written : written + step])
            written += sent
            if self.close_connection and sent < step:
                break
        return written

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: targets contain signatures. The request log and the access log suffice."""


def chunked(body: bytes | memoryview, size: int = 512) -> bytes:
    """Return the body in chunks, as a proxy may send it."""
    parts = [bytes(body[at : at + size]) for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
