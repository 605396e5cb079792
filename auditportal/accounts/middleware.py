"""Every view needs a signed-in person with a second factor, except those that are marked."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.urls import reverse
from django.utils.translation import gettext

from auditportal.accounts import person_sessions, session
from auditportal.accounts.factors import gate
from auditportal.errors import answer

Handler = Callable[[HttpRequest], HttpResponseBase]


class sign_in_required:
    """Every view needs a signed-in, active person; `open_view` marks the exceptions."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            if session.is_over(request):
                session.end(request)
            else:
                person_sessions.follow_rights(request)
                session.touch(request)
                request.session_ends_at = session.ends_at(request)
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if is_open(view) or request.user.is_authenticated:
            return None
        return to_sign_in(request)


class second_factor_required:
    """Every view needs a session with a second factor; `before_second_factor` marks the exceptions."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: Any, view: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        if is_open(view) or getattr(view, "before_second_factor", False) or gate.is_open(request):
            return None
        if request.headers.get("HX-Request") == "true" or _wants_json(request):
            return answer(request, 403, gettext("Your sign-in needs a second factor. Load the page again."))
        query = urlencode({"next": _page_of(request)})
        return redirect(f"{reverse('second_factor')}?{query}")


def is_open(view: Any) -> bool:
    """Whether a view is for people who are not signed in: always, or as the settings stand."""
    return bool(getattr(view, "open_to_all", False) or getattr(view, "open_when", bool)())


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Send a page to the sign-in page and back; tell htmx and scripts with 401, so that the page can cover itself.

    An htmx poll that met an ended session would otherwise swap the sign-in page into a table.
    """
    if request.headers.get("HX-Request") == "true" or _wants_json(request):
        return answer(request, 401, gettext("Your session has ended. Sign in again."))
    query = {"next": _page_of(request)}
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        query["ended"] = "1"  # somebody was signed in here, and the page says what became of it
    return redirect(f"{resolve_url(settings.LOGIN_URL)}?{urlencode(query)}")


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _page_of(request: HttpRequest) -> str:
    """Return the page to come back to: the one that was asked for, or the one whose form was sent."""
    if request.method == "GET":
        return request.get_full_path()
    sent_from = urlsplit(request.headers.get("Referer", ""))
    if sent_from.netloc != request.get_host():
        return "/"
    return urlunsplit(("", "", sent_from.path or "/", sent_from.query, ""))
