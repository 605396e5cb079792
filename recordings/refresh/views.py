"""The refresh's doors: a person asks, a page polls, CommBox delivers, an administrator looks."""

from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST, require_safe

from recordings.audit import Actor
from recordings.exceptions import UnknownObject
from recordings.http import Request
from recordings.nudge import nudge
from recordings.permissions import Permission
from recordings.policies import can, open_view, permission_required
from recordings.refresh import absence, queries, tasks, unreadable
from recordings.refresh.actions import mark_due, request_listing, request_refresh
from recordings.refresh.deliveries import MAX_BYTES
from recordings.refresh.forms import KeyForm, ObjectsForm, RunsForm
from recordings.refresh.gate import may_deliver
from recordings.refresh.hints import Fate, take
from recordings.refresh.problems import MOST_PER_ANSWER
from recordings.refresh.run_pages import newest_runs
from recordings.refresh.streams import mark_recent_due
from recordings.trail.phrases import count


@require_POST
@permission_required(Permission.REFRESH_CATALOG)
def refresh_object(request: Request, object_id: int) -> HttpResponse:
    """Queue the object. With `visit` the page asked because what it shows is old; else a person did, in the trail."""
    if "visit" not in request.POST:
        request_refresh(object_id=object_id, by=Actor.from_request(request))
    elif not mark_due(object_id):
        raise UnknownObject
    nudge(tasks.refresh_one, object_id)
    if request.htmx:
        return _freshness(request, object_id)
    messages.success(request, f"The refresh of object {object_id} is queued.")
    return redirect(_page_for(request), *([object_id] if _may_open(request) else []))


@require_GET
@permission_required(Permission.OPEN_OBJECTS)
def freshness(request: Request, object_id: int) -> HttpResponse:
    """How old this object is; tells the page to fetch its recordings again when that has changed since `seen`."""
    return _freshness(request, object_id)


def _freshness(request: Request, object_id: int) -> HttpResponse:
    found = queries.freshness_of(object_id)
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
    return "catalog:object" if _may_open(request) else "refresh:operations"


@open_view
@csrf_exempt
def webhook(request: HttpRequest, token: str) -> HttpResponse:
    """Take a delivery. A wrong token answers as any address that does not exist."""
    if not may_deliver(request, token):
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        return _said(413, "A delivery has at most 1 MiB.")
    fate, hint = take(body)
    if fate is Fate.DUE and hint is not None and hint.object_id is not None:
        nudge(tasks.refresh_one, hint.object_id)
    elif fate is Fate.WAITING:
        nudge(tasks.follow_hints)
    return _said(400 if fate is Fate.UNREADABLE else 200, fate.sentence)


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=status, content_type="text/plain; charset=utf-8")


@permission_required(Permission.VIEW_OPERATIONS)
def operations(request: Request) -> HttpResponse:
    """The source's state, what waits, what went wrong; by POST, refresh objects by their ids."""
    form = ObjectsForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        return _queue(request, form.cleaned_data["object_ids"])
    return operations_page(request, form=form)


def operations_page(request: Request, **forms: Form) -> HttpResponse:
    """The page with these forms as they were filled in."""
    context = {"form": ObjectsForm(), "key_form": KeyForm(), **queries.operations(), **forms}
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "refresh/operations.html", context, status=status)


def _queue(request: Request, ids: list[int]) -> HttpResponse:
    by = Actor.from_request(request)
    with transaction.atomic():
        for object_id in ids:
            request_refresh(object_id=object_id, by=by)
    nudge(tasks.sweep_due)
    one = f"The refresh of object {ids[0]} is queued."
    messages.success(request, f"The refresh of {len(ids):,} objects is queued." if ids[1:] else one)
    return redirect("refresh:operations")


@require_safe
@permission_required(Permission.VIEW_OPERATIONS)
def problem_list(request: Request) -> HttpResponse:
    """What could not be read, grouped, with what it means and what somebody can do."""
    context = {
        "items": unreadable.item_groups(),
        "fields": unreadable.field_groups(),
        "may_open": _may_open(request),
        "most_per_answer": MOST_PER_ANSWER,
        "most_flagged": unreadable.MOST_FLAGGED,
    }
    return render(request, "refresh/problems.html", context)


@require_safe
@permission_required(Permission.VIEW_OPERATIONS)
def run_list(request: Request) -> HttpResponse:
    """Every run that is kept, page by page. What is no page is answered by the first one."""
    form = RunsForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    kind, before = asked.get("kind", ""), asked.get("before")
    found = newest_runs(kind, before)
    context = {
        "page": found,
        "kind": kind,
        "kinds": form.fields["kind"].choices,  # type: ignore[attr-defined]
        "shown": f"{len(found.rows)} run{'s' * (len(found.rows) != 1)}, the newest first",
        "older_url": f"?{urlencode({'kind': kind, 'before': found.older})}" if found.older else "",
        "newer_url": f"?{urlencode({'kind': kind})}" if before else "",
    }
    return render(request, "refresh/runs.html", context)


@require_POST
@permission_required(Permission.VIEW_OPERATIONS)
def list_stream(request: Request, stream_id: int) -> HttpResponse:
    """Look for a channel's objects now rather than at its turn, and ask for the newest ones' recordings again."""
    with transaction.atomic():
        stream = request_listing(stream_id=stream_id, by=Actor.from_request(request))
        recent = mark_recent_due(stream_id)
    nudge(tasks.list_objects)
    nudge(tasks.sweep_due)
    again = f", and its {count(recent, 'object')} of the last day {'is' if recent == 1 else 'are'} asked for again"
    messages.success(request, f"{stream} is listed next{again if recent else ''}.")
    return redirect("refresh:operations")


@require_POST
@permission_required(Permission.VIEW_OPERATIONS)
def accept_absence(request: Request) -> HttpResponse:
    """After the alarm: somebody has looked, and what is missing really is gone."""
    count = absence.accept(by=Actor.from_request(request))
    messages.success(
        request, f"{count:,} recordings will be marked as no longer reported at their next look."
    )
    return redirect("refresh:operations")
