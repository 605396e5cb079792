"""The operations page, its lists of problems and runs, and the actions on them."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext, ngettext
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


@permission_required(Permission.VIEW_OPERATIONS)
def operations(request: Request) -> HttpResponse:
    """Show the state of CommBox, the queue and what went wrong. POST refreshes objects by their ids."""
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
    queued = (
        ngettext(
            "The refresh of %(number)s object is queued.",
            "The refresh of %(number)s objects is queued.",
            len(ids),
        )
        % {"number": f"{len(ids):,}"}
        if ids[1:]
        else gettext("The refresh of object %(id)s is queued.") % {"id": ids[0]}
    )
    messages.success(request, queued)
    return redirect("operations:operations")


def operations_page(request: Request, **forms: Form) -> HttpResponse:
    """Show the page with these forms as they were filled in. The status is 422 when one has an error."""
    context: dict[str, Any] = {
        "form": ObjectsForm(),
        "key_form": KeyForm(request=request),
        **queries.operations(),
        **forms,
    }
    context["sections"] = sections(context)
    status = 422 if any(form.errors for form in forms.values()) else 200
    return render(request, "operations/operations.html", context, status=status)


@require_safe
@permission_required(Permission.VIEW_OPERATIONS)
def problem_list(request: Request) -> HttpResponse:
    """Show what could not be read, grouped, with what it means and what to do."""
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
    """Show the runs of the last 30 days, page by page. An invalid query string shows the first page."""
    form = RunsForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    kind, before = asked.get("kind", ""), asked.get("before")
    found = run_page(kind, before)
    context = {
        "page": found,
        "kind": kind,
        "kinds": form.fields["kind"].choices,  # type: ignore[attr-defined]
        "shown": ngettext("%(number)s run", "%(number)s runs, newest first", len(found.rows))
        % {"number": len(found.rows)},
        "older_url": f"?{urlencode({'kind': kind, 'before': found.older})}" if found.older else "",
        "newer_url": f"?{urlencode({'kind': kind})}" if before else "",
    }
    return render(request, "operations/runs.html", context)


@require_POST
@permission_required(Permission.VIEW_OPERATIONS)
def list_stream(request: Request, stream_id: int) -> HttpResponse:
    """Make a channel due for listing now, and its objects of the last day due for a refresh."""
    with transaction.atomic():
        stream = request_listing(stream_id=stream_id, by=Actor.from_request(request))
        recent = mark_recent_due(stream_id)
    nudge(tasks.list_objects)
    nudge(tasks.sweep_due)
    message = (
        ngettext(
            "%(channel)s will be listed next, and its %(number)s object of the last day refreshed.",
            "%(channel)s will be listed next, and its %(number)s objects of the last day refreshed.",
            recent,
        )
        if recent
        else gettext("%(channel)s will be listed next.")
    )
    messages.success(request, message % {"channel": stream, "number": f"{recent:,}"})
    return redirect("operations:operations")


@require_POST
@permission_required(Permission.VIEW_OPERATIONS)
def accept_absence(request: Request) -> HttpResponse:
    """Confirm that the recordings of a mass absence are really gone."""
    number = absence.accept(by=Actor.from_request(request))
    message = ngettext(
        "%(number)s recording will be marked as missing at source at its next refresh.",
        "%(number)s recordings will be marked as missing at source at their next refresh.",
        number,
    )
    messages.success(request, message % {"number": f"{number:,}"})
    return redirect("operations:operations")
