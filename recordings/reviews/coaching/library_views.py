"""The library of exemplars: the list, an exemplar with its assigned viewings, a new one, and its withdrawal."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from recordings.audit import Actor, Target
from recordings.audit.opened import open_event
from recordings.http import Request, page
from recordings.models import Basis, Exemplar, Withdrawal
from recordings.permissions import Permission
from recordings.playback.errors import UnknownRecording
from recordings.playback.policies import usable_recording
from recordings.policies import can_use, check_not_own_call, permission_required, usable
from recordings.reviews.coaching import exemplars, training
from recordings.reviews.coaching.errors import NotAssignable, UnknownExemplar
from recordings.reviews.coaching.exemplars import Demand, Passport, exemplar_for, exemplars_in_reach
from recordings.reviews.coaching.forms import AssignForm, ExemplarForm, WithdrawForm, end_of
from recordings.reviews.coaching.moments import moment_in_words
from recordings.reviews.coaching.people import coachable
from recordings.reviews.coaching.quiz import shown_quiz
from recordings.reviews.coaching.session_page import SHOWN, private_text
from recordings.reviews.coaching.session_views import log_page


@require_safe
@permission_required(Permission.COACH)
def library(request: Request) -> HttpResponse:
    """List the exemplars in reach."""
    log_page(request, "library")
    rows = exemplars_in_reach(request.user)[:SHOWN]
    lines = [
        {"row": row, "range": moment_in_words(row.from_ms, row.to_ms), "why_not": row.why_not} for row in rows
    ]
    return page(request, "reviews/coaching/library.html", {"lines": lines})


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.COACH)
def add(request: Request, pk: UUID) -> HttpResponse:
    """Add a recording to the library, by somebody who may play it."""
    recording = usable_recording(request, pk, Permission.COACH)
    target = Target.of(recording)
    check_not_own_call(request, recording.object, target=target)
    usable(request, Permission.PLAY_RECORDINGS, recording.object, target=target, unknown=UnknownRecording())
    people: Any = get_user_model().objects
    owners = people.holding(Permission.COACH).order_by("full_name", "pk")
    form = ExemplarForm(
        request.POST if request.method == "POST" else None,
        recording=recording,
        owners=owners,
        initial={"owner": request.user.pk},
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        made = exemplars.add_exemplar(
            recording=recording,
            title=values["title"],
            range_ms=values["range_ms"],
            passport=Passport(
                Basis(values["basis"]), values["basis_text"], values["owner"], end_of(values["expires"])
            ),
            demand=Demand(values["share"], values["quiz"], values["pass_percent"]),
            by=Actor.from_request(request),
        )
        messages.success(request, gettext("The recording is in the library."))
        return redirect("coaching:exemplar", made.pk)
    context = {"form": form, "recording": recording}
    return page(request, "reviews/coaching/add.html", context, status=422 if form.errors else 200)


@require_safe
@permission_required(Permission.COACH)
def exemplar(request: Request, pk: UUID) -> HttpResponse:
    """Show an exemplar: its passport, its quiz, and who is to watch it."""
    row = exemplar_for(request.user, pk)
    log_page(request, "exemplar", Target.of(row.recording))
    return _page(request, row)


@require_POST
@permission_required(Permission.COACH)
def assign(request: Request, pk: UUID) -> HttpResponse:
    """Assign an exemplar to a person."""
    row = exemplar_for(request.user, pk)
    form = AssignForm(request.POST, people=coachable(request.user))
    if not form.is_valid():
        return _page(request, row, assign_form=form, status=422)
    try:
        training.assign_viewing(
            exemplar=row,
            person=form.cleaned_data["person"],
            due_at=form.due_at,
            assigned_by=request.user,
            by=Actor.from_request(request),
        )
    except NotAssignable as refusal:
        form.add_error("person", str(refusal.sentence))
        return _page(request, row, assign_form=form, status=refusal.status)
    messages.success(request, gettext("The viewing was assigned."))
    return redirect("coaching:exemplar", pk)


@require_POST
@permission_required(Permission.COACH)
def cancel(request: Request, pk: UUID, viewing_pk: UUID) -> HttpResponse:
    """Cancel an assigned viewing of an exemplar in reach."""
    row = exemplar_for(request.user, pk)
    assignment = training.assignments().filter(exemplar=row, pk=viewing_pk).first()
    if assignment is None:
        raise UnknownExemplar
    training.cancel_viewing(assignment=assignment, person=request.user, by=Actor.from_request(request))
    messages.success(request, gettext("The viewing was cancelled."))
    return redirect("coaching:exemplar", pk)


@require_POST
@permission_required(Permission.COACH)
def withdraw(request: Request, pk: UUID) -> HttpResponse:
    """Withdraw an exemplar, with a reason."""
    row = exemplar_for(request.user, pk)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return _page(request, row, withdraw_form=form, status=422)
    exemplars.withdraw_exemplar(
        exemplar=row,
        why=Withdrawal.BY_HAND,
        person=request.user,
        reason=form.cleaned_data["reason"],
        by=Actor.from_request(request),
    )
    messages.success(request, gettext("The exemplar was withdrawn."))
    return redirect("coaching:exemplar", pk)


def _page(
    request: Request,
    row: Exemplar,
    *,
    assign_form: AssignForm | None = None,
    withdraw_form: WithdrawForm | None = None,
    status: int = 200,
) -> HttpResponse:
    event, quiz = open_event(row.event_id), row.quiz
    viewings = training.assignments().filter(exemplar=row)[:SHOWN]
    context = {
        "exemplar": row,
        "range": moment_in_words(row.from_ms, row.to_ms),
        "why_not": row.why_not,
        "basis_text": private_text(event, "basis_text"),
        "questions": shown_quiz(bytes(quiz), {}, {}, get_language() or "en") if quiz else [],
        "viewings": training.labelled(viewings),
        "may_open": can_use(request.user, Permission.OPEN_OBJECTS, row.recording.object),
        "assign_form": assign_form or AssignForm(people=coachable(request.user)),
        "withdraw_form": withdraw_form or WithdrawForm(),
    }
    return page(request, "reviews/coaching/exemplar.html", context, status=status)
