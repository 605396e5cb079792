"""Run a WSGI application in threads for an asynchronous server.

A request uses a thread only while the application works. The event loop sends the answer, so a slow client uses none.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import unquote_to_bytes

import structlog

from auditportal.serving.admission import Threads
from auditportal.serving.refusals import Overloaded

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Environ = dict[str, Any]
logger = structlog.get_logger("portal.server")
Application = Callable[[Environ, Callable[..., Any]], Any]

_AT_ONCE = 256 * 1024  # bytes of an answer that are read at once
# The connection is closed when a client accepts nothing for so long.
_SEND_SECONDS = 30.0


@dataclass
class Answer:
    """An answer of the application: its first bytes, and an iterator over the rest."""

    status: int
    headers: list[tuple[bytes, bytes]]
    start: bytes
    rest: Iterator[bytes] | None
    close: Callable[[], None]


def environ_of(scope: Scope, body: IO[bytes], size: int) -> Environ:
    """Build the WSGI environment of an ASGI request whose body has arrived.

    A header with an underscore in its name is left out: it would be taken for the one with a hyphen, such as
    X-Forwarded-For.
    """
    host, port = scope.get("server") or ("localhost", 80)
    client, _ = scope.get("client") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"].partition(b"?")[0]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        if "_" in name:
            continue
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        between = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{between}{value}" if key in environ else value
    environ["CONTENT_LENGTH"] = str(size)
    return environ


def call(application: Application, environ: Environ) -> Answer:
    """Call the application and read the first 256 KiB of its answer, mostly all of it. Runs in a thread."""
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
        started[:] = status, headers

    response = application(environ, start_response)
    close = getattr(response, "close", lambda: None)
    try:
        chunks = iter(response)
        start, is_whole = _read(chunks)
    except BaseException:
        close()
        raise
    if is_whole:
        close()
    status, headers = started
    return Answer(
        int(status[:3]),
        [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        start,
        None if is_whole else chunks,
        close,
    )


async def send_answer(answer: Answer, send: Send, threads: Threads) -> None:
    """Send the answer as fast as the client accepts it.

    Stop when the client accepts nothing for 30 seconds, or when no thread is free to read the rest. The answer is then
    shorter than its Content-Length, so the client can tell that it is incomplete.
    """
    await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
    if answer.rest is None:
        await send({"type": "http.response.body", "body": answer.start})
        return
    try:
        piece, is_whole = answer.start, False
        while True:
            message = {"type": "http.response.body", "body": piece, "more_body": not is_whole}
            await asyncio.wait_for(send(message), _SEND_SECONDS)
            if is_whole:
                return
            piece, is_whole = await threads.run(_read, answer.rest)
    except (TimeoutError, Overloaded) as error:
        logger.warning("answer cut off", reason=type(error).__name__)
    finally:
        answer.close()


def _read(chunks: Iterator[bytes]) -> tuple[bytes, bool]:
    """Read the next 256 KiB or a little more. Return them, and whether that was the end."""
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size >= _AT_ONCE:
            return b"".join(pieces), False
    return b"".join(pieces), True
