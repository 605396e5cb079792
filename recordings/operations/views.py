"""The pages for operators: what waits, what went wrong, what may be done about it."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from recordings.api_keys.forms import KeyForm
from recordings.audit import Actor
from recordings.http import Request, page
from recordings.nudge import nudge
from recordings.operations import queries, unreadable
from recordings.operations.forms import ObjectsForm, RunsForm
from recordings.operations.run_pages import run_page
from recordings.operations.sections import sections
from recordings.permissions import Permission
from recordings.policies import can, permission_required
from recordings.refresh import absence, tasks
from recordings.refresh.actions import request_listing, request_refresh
from recordings.refresh.problems import MOST_PER_ANSWER
from recordings.refresh.streams import mark_recent_due
from recordings.trail.phrases import count


@permission_required(Permission.VIEW_OPERATIONS)
def operations(request: Request) -> HttpResponse:
    """The source's state, what waits, what went wrong; by POST, refresh objects by their ids."""
    if request.method != "POST" and request.htmx:
        return page(request, "operations/operations.html", queries.figures(), fragment="now")
    form = ObjectsForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return operations_page(request, form=form)
    ids, by = form.cleaned_data["object_ids"], Actor.from_request(request)
    with transaction.atomic():
        for object_id in ids:
            request_refresh(object_id=object_id, by=by)
    nudge(tasks.sweep_due)
    queued = f"{len(ids):,} objects" if ids[1:] else f"object {ids[0]}"
    messages.success(request, f"The refresh of {queued} is queued.")
    return redirect("operations:operations")


def operations_page(request: Request, **forms: Form) -> HttpResponse:
    """The page with these forms as they were filled in."""
    context: dict[str, Any] = {
        "form": ObjectsForm(),
        "key_form": KeyForm(),
        **queries.operations(),
        **forms,
    }
    context["sections"] = sections(context)
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "operations/operations.html", context, status=status)


@require_safe
@permission_required(Permission.VIEW_OPERATIONS)
def problem_list(request: Request) -> HttpResponse:
    """What could not be read, grouped, with what it means and what somebody can do."""
    context = {
        "items": unreadable.item_groups(),
        "fields": unreadable.field_groups(),
        "may_open": can(request.user, Permission.OPEN_OBJECTS),
        "most_per_answer": MOST_PER_ANSWER,
        "most_flagged": unreadable.MOST_FLAGGED,
    }
    return render(request, "operations/problems.html", context)


@require_safe
@permission_required(Permission.VIEW_OPERATIONS)
def run_list(request: Request) -> HttpResponse:
    """Every run that is kept, page by page. What is no page is answered by the first one."""
    form = RunsForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    kind, before = asked.get("kind", ""), asked.get("before")
    found = run_page(kind, before)
    context = {
        "page": found,
        "kind": kind,
        "kinds": form.fields["kind"].choices,  # type: ignore[attr-defined]
        "shown": f"{len(found.rows)} run{'s' * (len(found.rows) != 1)}, the newest first",
        "older_url": f"?{urlencode({'kind': kind, 'before': found.older})}" if found.older else "",
        "newer_url": f"?{urlencode({'kind': kind})}" if before else "",
    }
    return render(request, "operations/runs.html", context)


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
    return redirect("operations:operations")


@require_POST
@permission_required(Permission.VIEW_OPERATIONS)
def accept_absence(request: Request) -> HttpResponse:
    """After the alarm: somebody has looked, and what is missing really is gone."""
    count = absence.accept(by=Actor.from_request(request))
    messages.success(
        request, f"{count:,} recordings will be marked as no longer reported at their next look."
    )
    return redirect("operations:operations")
