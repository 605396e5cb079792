"""Refresh an object for a person, and let its page poll how old it is."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from recordings.audit import Actor
from recordings.exceptions import UnknownObject
from recordings.http import Request
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.policies import can, permission_required
from recordings.refresh import tasks
from recordings.refresh.actions import mark_due, request_refresh
from recordings.refresh.freshness import freshness_of


@require_POST
@permission_required(Permission.REFRESH_CATALOG)
def refresh_object(request: Request, object_id: int) -> HttpResponse:
    """Make the object due. With `visit` the page asked because its data is old; otherwise a person did: an event."""
    if "visit" not in request.POST:
        request_refresh(object_id=object_id, by=Actor.from_request(request))
    elif not mark_due(object_id):
        raise UnknownObject
    nudge(tasks.refresh_one, object_id)
    if request.htmx:
        return _freshness(request, object_id)
    messages.success(request, gettext("The refresh of object %(id)s is queued.") % {"id": object_id})
    return redirect(_page_for(request), *([object_id] if _may_open(request) else []))


@require_GET
@permission_required(Permission.OPEN_OBJECTS)
def freshness(request: Request, object_id: int) -> HttpResponse:
    """Show how old the object is. When that changed since `seen`, an event tells the page to reload its recordings."""
    return _freshness(request, object_id)


def _freshness(request: Request, object_id: int) -> HttpResponse:
    found = freshness_of(object_id)
    if found is None:
        raise UnknownObject
    seen = request.GET.get("seen", "")
    may_refresh = can(request.user, Permission.REFRESH_CATALOG)
    first = not seen and request.method == "GET"
    context = {
        "fresh": found,
        "may_refresh": may_refresh,
        "visit": first and may_refresh and found.is_old and not found.is_under_way,
    }
    response = render(request, "refresh/_freshness.html", context)
    if seen and seen != found.stamp:
        response.headers["HX-Trigger"] = "recordings-changed"
    return response


def _may_open(request: Request) -> bool:
    return can(request.user, Permission.OPEN_OBJECTS)


def _page_for(request: Request) -> str:
    return "catalog:object" if _may_open(request) else "operations:operations"
