"""What happens around every request: an id and a line in the log, calm headers, plain answers to our own errors."""

import time
import uuid
from collections.abc import Callable

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import add_never_cache_headers

from auditportal import metrics
from auditportal.errors import answer, database_error
from recordings.exceptions import PortalError

Handler = Callable[[HttpRequest], HttpResponseBase]
logger = structlog.get_logger("portal.request")
# Any other word is a method for HTTP, and would be a line of its own for ever.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def request_log(get_response: Handler) -> Handler:
    """Bind a request id, write one line per request – path without its query: searches hold names – and count it.

    The id is always ours: events are found by it. A proxy can log the answer's `X-Request-ID`.
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
        # What runs next in this thread is not of this request.
        structlog.contextvars.clear_contextvars()
        return response

    return middleware


def privacy_headers(get_response: Handler) -> Handler:
    """Nothing a signed-in person saw may be kept by a cache or used by another site."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if getattr(response, "is_public", False):
            # A shared cache gives this answer to everybody: no cookie in it, and the same whoever asks.
            response.cookies.clear()
            vary = [
                name for name in response.get("Vary", "").split(", ") if name and name.lower() != "cookie"
            ]
            del response.headers["Vary"]
            if vary:
                response.headers["Vary"] = ", ".join(vary)
        # Tiles of the sealed log and the words of the scripts never change: their views say who may keep them.
        elif not request.path.startswith("/static/") and not getattr(response, "keeps_cache_header", False):
            add_never_cache_headers(response)
            response.headers["Cache-Control"] = "no-store"
        return response

    return middleware


class plain_answers:
    """Turn the portal's own errors, and a database that went away in a view, into a page with a sentence."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, PortalError):
            logger.warning("refused", error=type(error).__name__, status=error.status)
            response = answer(request, error.status, error.sentence)
            if error.status in (429, 503):
                response.headers["Retry-After"] = "5"
            return response
        if isinstance(error, OperationalError | InterfaceError):
            logger.error("database error", error=str(error))
            return database_error(request, error)
        return None
