"""Pages on who can see a recording and why, on why somebody cannot, and on requests for access."""

import hashlib
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auditportal.accounts import scopes
from auditportal.accounts.access import requests
from auditportal.accounts.access.assigned import assigned_access
from auditportal.accounts.access.files import access_csv
from auditportal.accounts.access.forms import AnswerForm, AskForm, DayForm
from auditportal.accounts.access.placements import placements_of
from auditportal.accounts.access.who import access_to
from auditportal.accounts.access.why import reasons_for, who_may_grant
from auditportal.accounts.access_models import AccessRequest
from recordings.audit import Actor, Kind, Target, record_committed
from recordings.http import Request, attachment, page
from recordings.permissions import Permission
from recordings.playback.policies import usable_recording
from recordings.policies import any_person, permission_required
from recordings.reach import Level

ASKED_SHOWN = 100


@require_safe
@permission_required(Permission.SEE_ACCESS)
def who(request: Request, pk: UUID) -> HttpResponse:
    """Show who can see a recording, and by which grant, today or on an earlier day."""
    recording = usable_recording(request, pk, Permission.SEE_ACCESS)
    form = DayForm(request.GET)
    since, until = form.period()
    placements = placements_of(recording, since, until)
    record_committed(
        Kind.ACCESS_CHECKED,
        by=Actor.from_request(request),
        target=Target.of(recording),
        detail=_day_of(form),
    )
    accesses = access_to(placements.known, since, until)
    assigned = assigned_access(recording, since, until)
    names = scopes.Names([scopes.limits_of(access.grant) for access in accesses])
    people = {access.user.pk for access in accesses} | {one.viewing.person_id for one in assigned}
    context = {
        "recording": recording,
        "form": form,
        "day": form.cleaned_data.get("day"),
        "since": since,
        "until": until,
        "recorded_since": placements.missing_before,
        "was_known": bool(placements.known),
        "accesses": [
            {"access": access, "scope": names.phrases(scopes.limits_of(access.grant))} for access in accesses
        ],
        "assigned": assigned,
        "people": len(people),
    }
    return page(request, "access/who.html", context, status=400 if form.errors else 200)


@require_POST
@permission_required(Permission.SEE_ACCESS)
def save_who(request: Request, pk: UUID) -> HttpResponse:
    """Save the list as CSV. The event holds the file's hash, so that the audit trail proves what it said."""
    recording = usable_recording(request, pk, Permission.SEE_ACCESS)
    form = DayForm(request.POST)
    since, until = form.period()
    if form.errors:
        return redirect("access:who", pk)
    accesses = access_to(placements_of(recording, since, until).known, since, until)
    content = access_csv(accesses, assigned_access(recording, since, until))
    record_committed(
        Kind.ACCESS_EXPORTED,
        by=Actor.from_request(request),
        target=Target.of(recording),
        detail={**_day_of(form), "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)},
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    return attachment(response, f"access-{recording.pk}.csv")


@require_safe
@any_person
def why(request: Request, pk: UUID) -> HttpResponse:
    """Show somebody what they may do with a recording that they may find, and what stops the rest."""
    recording = usable_recording(request, pk, Permission.SEARCH_OBJECTS)
    context = {
        "recording": recording,
        "reasons": reasons_for(request.user, recording),
        "granters": who_may_grant(),
    }
    return page(request, "access/why.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@any_person
def ask(request: Request) -> HttpResponse:
    """Ask for access. Whether there is such a recording is not said: the answer is the same."""
    form = AskForm(request.POST or None, initial={"thing": request.GET.get("thing", "")[:60]})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        is_new = requests.ask(
            asked_by=request.user,
            thing=values["thing"],
            level=Level(values["level"]),
            reason=values["reason"],
            by=Actor.from_request(request),
        )
        if is_new:
            messages.success(
                request, gettext("Your request was stored. Administrators see it on their page of requests.")
            )
        else:
            messages.info(request, gettext("You have already asked for this. Nobody has decided yet."))
        return redirect("access:ask")
    mine = request.user.access_requests.select_related("decided_by").order_by("-asked_at")[:20]
    context = {"form": form, "mine": mine}
    return page(request, "access/ask.html", context, status=422 if form.errors else 200)


@require_safe
@permission_required(Permission.MANAGE_PEOPLE)
def asked(request: Request) -> HttpResponse:
    """List the requests for access: open ones first, oldest of these first."""
    rows = AccessRequest.objects.select_related("asked_by", "decided_by")
    context = {
        "waiting": rows.filter(decided_at=None).order_by("asked_at")[:ASKED_SHOWN],
        "decided": rows.exclude(decided_at=None).order_by("-decided_at")[:20],
    }
    return page(request, "access/asked.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def answer(request: Request, pk: UUID) -> HttpResponse:
    """Answer a request. The grant itself is made on the person's page, with the scope that fits."""
    row = get_object_or_404(AccessRequest.objects.select_related("asked_by"), pk=pk)
    form = AnswerForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        was_granted = request.POST.get("was_granted") == "yes"
        requests.decide(
            request=row,
            decided_by=request.user,
            was_granted=was_granted,
            answer=form.cleaned_data["answer"],
            by=Actor.from_request(request),
        )
        messages.success(request, gettext("The request was answered."))
        return redirect(reverse("people:person", args=[row.asked_by_id]) if was_granted else "access:asked")
    context = {"row": row, "form": form}
    return page(request, "access/answer.html", context, status=422 if form.errors else 200)


def _day_of(form: DayForm) -> dict[str, Any]:
    day = form.cleaned_data.get("day") if form.is_valid() else None
    return {"day": day.isoformat()} if day else {}
