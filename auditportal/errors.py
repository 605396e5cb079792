"""Error pages: a plain sentence, the request's id, what to do next.

A page that does not exist, or is not for this person, keeps the navigation: the portal itself is well. Every other one
asks the database for nothing.
"""

import sys
from http import HTTPStatus
from typing import Any

import psycopg
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

TEMPLATES = (400, 403, 404, 500, 503)
KEEP_NAVIGATION = (403, 404)


def answer(request: HttpRequest, status: int, sentence: str = "") -> HttpResponse:
    """One sentence with its status: as JSON where JSON was asked for, as text for htmx, else as a page."""
    request_id = getattr(request, "request_id", "")
    if request.headers.get("Accept", "").startswith("application/json"):
        return JsonResponse({"sentence": sentence, "request_id": request_id}, status=status)
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")
    template = f"errors/{status if status in TEMPLATES else 400}.html"
    context = {
        "sentence": sentence,
        "request_id": request_id,
        "status": status,
        "phrase": HTTPStatus(status).phrase,
    }
    return HttpResponse(_page(request, template, context), status=status)


def _page(request: HttpRequest, template: str, context: dict[str, Any]) -> str:
    user = getattr(request, "user", None)
    try:
        if context["status"] in KEEP_NAVIGATION and user is not None and user.is_authenticated:
            return render_to_string(template, {**context, "frame": "errors/page.html"}, request)
    except DatabaseError:
        pass  # the card needs none
    return render_to_string(template, context)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 400, "The request could not be read.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 403, "Your role does not allow this.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return answer(request, 404, "There is nothing at this address, or it is not yours to see.")


def server_error(request: HttpRequest) -> HttpResponse:
    """The last resort. A database that is away is no defect: 503, and when to come back (F27, F28)."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        return database_error(request, error)
    return answer(request, 500, "Something went wrong on our side.")


def database_error(request: HttpRequest, error: Exception) -> HttpResponse:
    """503, when to come back, and which of three things it is: too slow, locked, or away."""
    if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
        sentence = (
            "The database needed longer than five seconds, so this was stopped. Nothing was changed. "
            "Narrow the search, or try again in a moment."
        )
    elif isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
        sentence = (
            "Something else is changing the same data. Nothing was changed here; try again in a moment."
        )
    else:
        sentence = "The database cannot be reached. Nothing was changed; please try again."
    response = answer(request, 503, sentence)
    response.headers["Retry-After"] = "5"
    return response


def csrf_failure(request: HttpRequest, reason: str = "", **_: Any) -> HttpResponse:
    return answer(
        request, 403, "This page was open for too long or came from elsewhere. Reload it and try again."
    )
