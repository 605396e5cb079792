"""Wrap every request: a request id and a log line, privacy headers, and answers for the portal's own errors."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

from auditportal import metrics
from auditportal.errors import answer, database_error
from recordings.exceptions import PortalError

Handler = Callable[[HttpRequest], HttpResponseBase]
logger = structlog.get_logger("portal.request")
# HTTP allows any word as a method, and each would become a metric of its own.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def request_log(get_response: Handler) -> Handler:
    """Give the request an id, log one line without the query (searches contain names), and measure it.

    The id is never taken from the client, because events are found by it. A proxy can log the answer's `X-Request-ID`.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        structlog.contextvars.clear_contextvars()
        request.request_id = uuid.uuid4().hex  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request.request_id)  # type: ignore[attr-defined]
        started = time.perf_counter()
        response = get_response(request)
        seconds = time.perf_counter() - started
        response.headers["X-Request-ID"] = request.request_id  # type: ignore[attr-defined]
        match = request.resolver_match
        view = (match.view_name or match.func.__name__) if match else "none"
        method = request.method if request.method in _METHODS else "OTHER"
        metrics.REQUESTS.labels(view, method, response.status_code).observe(seconds)
        logger.info(
            "request",
            method=method,
            path=request.path,
            view=view,
            status=response.status_code,
            ms=round(seconds * 1000, 1),
        )
        # The thread serves another request next.
        structlog.contextvars.clear_contextvars()
        return response

    return middleware


def privacy_headers(get_response: Handler) -> Handler:
    """Keep caches and other sites from storing or using what a signed-in person sees."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault("Permissions-Policy", settings.PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if getattr(response, "is_public", False):
            # A shared cache gives this answer to everybody: it sets no cookie and does not vary by one.
            response.cookies.clear()
            vary = [
                name for name in response.get("Vary", "").split(", ") if name and name.lower() != "cookie"
            ]
            del response.headers["Vary"]
            if vary:
                response.headers["Vary"] = ", ".join(vary)
        # Tiles of the sealed log and the words of the scripts never change: their views say who may keep them.
        elif not _is_static_file(request, response) and not getattr(response, "keeps_cache_header", False):
            add_never_cache_headers(response)
            response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


def _is_static_file(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Return whether there is such a file; if not, the answer is a page with the navigation of whoever asks."""
    return request.path.startswith("/static/") and response.status_code in (200, 206, 304)


class plain_answers:
    """Answer the portal's own errors, and a database that fails during a view, with a sentence."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, PortalError):
            logger.warning("refused", error=type(error).__name__, status=error.status)
            response = answer(request, error.status, str(error.sentence))
            if error.status in (429, 503):
                response.headers["Retry-After"] = "5"
            return response
        if isinstance(error, OperationalError | InterfaceError):
            logger.error("database error", error=str(error))
            return database_error(request, error)
        return None
