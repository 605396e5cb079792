"""The ASGI application: receive a request completely, then let a thread answer it.

The event loop refuses slow clients, large bodies and more requests than the threads can answer in time.
"""

import asyncio
import json
import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext

import structlog
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, parse_cookie
from django.urls import reverse

from auditportal import metrics
from auditportal.accounts.session import is_over
from auditportal.accounts.sessions import SessionStore
from auditportal.serving.admission import Threads
from auditportal.serving.body import Receive, discard_rest, read_body
from auditportal.serving.bridge import Application, Scope, Send, call, environ_of, send_answer
from auditportal.serving.refusals import (
    AddressTooLong,
    BodyTooLarge,
    ClientGone,
    DatabaseAway,
    Failed,
    HeadTooLarge,
    LengthMissing,
    Refused,
    UploadUnderWay,
)
from recordings.proof.evidence.check.uploads import LARGEST_REQUEST
from recordings.webhooks.authentication import token_matches
from recordings.webhooks.payload import MAX_BYTES as LARGEST_DELIVERY

logger = structlog.get_logger("portal.server")

LONGEST_ADDRESS = 8 * 1024
LARGEST_HEAD = 32 * 1024
# Without a session a person can only sign in.
STRANGERS_BYTES = 64 * 1024
_MONITORING = ("/health/ready", "/metrics")
# Proxies wait longer than that for an answer.
_LARGE_WAIT_SECONDS = 30.0
_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; report-uri /csp-reports"


class Server:
    """Serve a WSGI application with `threads` threads."""

    def __init__(self, application: Application, threads: int) -> None:
        self._application = application
        self._threads = Threads("request", threads)
        # Separate threads, which answer while all others are busy.
        self._monitoring = Threads("monitoring", 2)
        self._deliveries = reverse("webhooks:webhook", args=["-"]).removesuffix("-")
        self._large = asyncio.Semaphore(1)
        self._uploads = {reverse("evidence:verify"), reverse("evidence:compare")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # 1. Liveness needs no thread and no database.
        if scope["path"] == "/health/live":
            await _say(send, 200, json.dumps({"status": "live"}), "application/json")
            return
        try:
            # 2. Receive head and body completely.
            _check_head(scope)
            most = await self._most_bytes(scope)
            async with self._turn_of_a_large_body() if most == LARGEST_REQUEST else nullcontext():
                with await read_body(receive, most) as body:
                    size = body.seek(0, os.SEEK_END)
                    body.seek(0)
                    # 3. Let a thread answer.
                    threads = self._monitoring if scope["path"] in _MONITORING else self._threads
                    answer = await threads.run(call, self._application, environ_of(scope, body, size))
        except ClientGone:
            return
        except Refused as refused:
            if isinstance(refused, BodyTooLarge):
                await discard_rest(receive)
            await _refuse(scope, send, refused)
        except Exception:
            logger.exception("failed", path=scope["path"])
            await _refuse(scope, send, Failed())
        else:
            # 4. Send the answer as fast as the client accepts it.
            await send_answer(answer, send, self._threads)

    async def _most_bytes(self, scope: Scope) -> int:
        """Return how many bytes of a body to read. Raises LengthMissing, or BodyTooLarge when more are announced."""
        headers = dict(scope["headers"])
        if self._is_delivery(scope["path"]):
            return LARGEST_DELIVERY + 1  # the receiver itself answers a delivery that is too long
        if b"transfer-encoding" in headers:
            raise LengthMissing
        announced, cookies = int(headers.get(b"content-length", 0)), headers.get(b"cookie")
        if announced <= STRANGERS_BYTES:
            return STRANGERS_BYTES
        if not cookies or not await self._threads.run(_has_session, cookies.decode("latin-1")):
            raise BodyTooLarge
        if announced <= settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if scope["path"] not in self._uploads or announced > LARGEST_REQUEST:
            raise BodyTooLarge
        return LARGEST_REQUEST

    @asynccontextmanager
    async def _turn_of_a_large_body(self) -> AsyncIterator[None]:
        """Wait until no other large body is being received: each is on the disk twice. Raises UploadUnderWay."""
        try:
            async with asyncio.timeout(_LARGE_WAIT_SECONDS):
                await self._large.acquire()
        except TimeoutError:
            raise UploadUnderWay from None
        try:
            yield
        finally:
            self._large.release()

    def _is_delivery(self, path: str) -> bool:
        """Return whether the path has the token of deliveries. A wrong one is treated like an unknown address."""
        return path.startswith(self._deliveries) and token_matches(path.removeprefix(self._deliveries))


def _check_head(scope: Scope) -> None:
    """Raise AddressTooLong or HeadTooLarge when the request line or the headers are too long."""
    if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
        raise AddressTooLong
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        raise HeadTooLarge


def _has_session(cookies: str) -> bool:
    """Return whether the cookie names a session that has not ended. Runs in a thread. Raises DatabaseAway.

    The session is only read here. The application decides whose it is and whether it is valid.
    """
    close_old_connections()
    try:
        request = HttpRequest()
        request.session = SessionStore(parse_cookie(cookies).get(settings.SESSION_COOKIE_NAME))
        return SESSION_KEY in request.session and not is_over(request)
    except DatabaseError:
        raise DatabaseAway from None
    finally:
        close_old_connections()


async def _refuse(scope: Scope, send: Send, refused: Refused) -> None:
    metrics.REFUSED.labels(refused.reason).inc()
    request_id = uuid.uuid4().hex
    logger.warning(
        "refused", request_id=request_id, path=scope["path"], status=refused.status, reason=refused.reason
    )
    more = {"X-Request-ID": request_id}
    if refused.retry_after_seconds:
        more["Retry-After"] = str(refused.retry_after_seconds)
    await _say(send, refused.status, refused.sentence, "text/plain; charset=utf-8", more)


async def _say(
    send: Send, status: int, text: str, content_type: str, more: dict[str, str] | None = None
) -> None:
    """Send a short answer with the security headers that every other answer has."""
    body = text.encode()
    headers = {
        "Content-Type": content_type,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": settings.PERMISSIONS_POLICY,
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        **(more or {}),
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = (
            f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload"
        )
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": body})
