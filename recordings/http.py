"""The typed request of a signed-in person, and how a view answers htmx."""

from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django_htmx.middleware import HtmxDetails

Answer = TypeVar("Answer", bound=HttpResponseBase)


class Request(HttpRequest):
    """A request behind the sign-in middleware: somebody is there, and htmx says so itself."""

    user: Any
    htmx: HtmxDetails
    idle_ends_at: Any


def is_poll(request: HttpRequest) -> bool:
    """Return whether the page asks by itself, not the person: that keeps no session alive and is no act of theirs."""
    return request.headers.get("X-Poll") == "true"


def page(
    request: HttpRequest, template: str, context: dict[str, Any], *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """The whole page, or – for an htmx request – the partial the view chose.

    The choice is the view's, never the client's: a client-chosen block could step around a check in the template.
    """
    htmx = getattr(request, "htmx", None)
    partial = fragment and htmx and not htmx.boosted and not htmx.history_restore_request
    name = f"{template}#{fragment}" if partial else template
    response = render(request, name, context, status=status)
    if fragment:
        patch_vary_headers(response, ["HX-Request"])
    return response


def attachment(response: Answer, name: str) -> Answer:
    """Have the browser save the response as a file of this name.

    `name` is made by us from digits and letters: nothing a person typed comes near a header. That no cache keeps the
    file and no browser guesses its type is what the middleware says of every response.
    """
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
