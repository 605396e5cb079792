"""Refresh an object for a person, and let its page poll how old it is."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from recordings.audit import Actor, Target
from recordings.exceptions import UnknownObject
from recordings.http import Request
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.policies import can, can_use, permission_required, usable
from recordings.refresh import tasks
from recordings.refresh.actions import mark_due, request_refresh
from recordings.refresh.freshness import Freshness, freshness_of


def _refuse(permission: Permission) -> Callable[[Request, int], None]:
    """Answer somebody who has the permission for no object at all, but may list some."""

    def refusal(request: Request, object_id: int) -> None:
        if can(request.user, Permission.SEARCH_OBJECTS):
            _found(request, object_id, permission)

    return refusal


@require_POST
@permission_required(Permission.REFRESH_CATALOG, refusal=_refuse(Permission.REFRESH_CATALOG))
def refresh_object(request: Request, object_id: int) -> HttpResponse:
    """Make the object due. With `visit` the page asked because its data is old; otherwise a person did: an event."""
    found = _found(request, object_id, Permission.REFRESH_CATALOG)
    if "visit" not in request.POST:
        request_refresh(object_id=object_id, by=Actor.from_request(request))
    else:
        mark_due(object_id)
    nudge(tasks.refresh_one, object_id)
    if request.htmx:
        return _freshness(request, _found(request, object_id, Permission.REFRESH_CATALOG))
    messages.success(request, gettext("The refresh of object %(id)s is queued.") % {"id": object_id})
    may_open = can_use(request.user, Permission.OPEN_OBJECTS, found)
    return redirect("catalog:object", object_id) if may_open else redirect("operations:operations")


@require_GET
@permission_required(Permission.OPEN_OBJECTS, refusal=_refuse(Permission.OPEN_OBJECTS))
def freshness(request: Request, object_id: int) -> HttpResponse:
    """Show how old the object is. When that changed since `seen`, an event tells the page to reload its recordings."""
    return _freshness(request, _found(request, object_id, Permission.OPEN_OBJECTS))


def _found(request: Request, object_id: int, permission: Permission) -> Freshness:
    """Return the freshness of an object for which the person has the permission.

    Raises UnknownObject and BeyondLevel.
    """
    target = Target("object", f"object:{object_id}")
    return usable(request, permission, freshness_of(object_id), target=target, unknown=UnknownObject())


def _freshness(request: Request, found: Freshness) -> HttpResponse:
    seen = request.GET.get("seen", "")
    may_refresh = can_use(request.user, Permission.REFRESH_CATALOG, found)
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
