"""Answer errors with a sentence, the request's id and what to do next.

The pages for 403 and 404 keep the navigation, because the portal itself works. Every other error page makes no query.
"""

import sys
from http import HTTPStatus
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext

TEMPLATES = (400, 403, 404, 500, 503)
KEEP_NAVIGATION = (403, 404)


def answer(request: HttpRequest, status: int, sentence: str | Promise = "") -> HttpResponse:
    """Answer with a sentence: as JSON when JSON was requested, as text for htmx, else as a page."""
    request_id = getattr(request, "request_id", "")
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"sentence": str(sentence), "request_id": request_id}, status=status)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    template = f"errors/{status if status in TEMPLATES else 400}.html"
    context = {
        "sentence": sentence,
        "request_id": request_id,
        "status": status,
        "phrase": HTTPStatus(status).phrase,
        "why_url": _why_url(request) if status == HTTPStatus.FORBIDDEN else "",
    }
    return HttpResponse(_page(request, template, context), status=status)


def _why_url(request: HttpRequest) -> str:
    """Return the address that says what somebody may do with the recording that was refused; else empty."""
    match = request.resolver_match
    refused = match and match.view_name in ("playback:recording", "playback:start", "playback:download")
    return reverse("access:why", kwargs=match.kwargs) if match and refused else ""


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> str:
    user = getattr(request, "user", None)
    try:
        if context["status"] in KEEP_NAVIGATION and user is not None and user.is_authenticated:
            return render_to_string(template, {**context, "frame": "errors/page.html"}, request)
    except DatabaseError:
        pass  # the card needs none
    return render_to_string(template, context)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400, gettext("The request could not be read."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403, gettext("Your role does not allow this."))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404, gettext("This page does not exist, or you may not see it."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500, or 503 with Retry-After when the database is unavailable."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        return database_error(request, error)
    return answer(request, 500, gettext("Something went wrong on our side."))


def database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer 503 with Retry-After, and say whether a query was too slow, a row was locked or the database is down."""
    if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
        sentence = gettext(
            "The database took longer than five seconds, so the request was stopped. Nothing was changed. "
            "Narrow the search, or try again in a moment."
        )
    elif isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
        sentence = gettext(
            "Someone else is changing the same data. Nothing was changed. Try again in a moment."
        )
    else:
        sentence = gettext("The database cannot be reached. Nothing was changed. Try again in a moment.")
    response = answer(request, 503, sentence)
    response.headers["Retry-After"] = "5"
    return response


def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    return answer(
        request,
        403,
        gettext(
            "This page was open for too long, or the request came from another site. Reload the page and try again."
        ),
    )
