"""Administrators see how a person signs in: second factors, sessions, resets, break-glass accounts, enrolment."""

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auditportal.accounts import break_glass, person_sessions
from auditportal.accounts.actions import AlreadyDone, OwnAccount
from auditportal.accounts.factors import enrolment, resets
from auditportal.accounts.factors.actions import MAIN
from auditportal.accounts.models import BreakGlassUse, FactorReset, User
from auditportal.accounts.people_forms import ReasonForm
from recordings.audit import Actor
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.stepup import ConfirmedForm

SHOWN = 100


class WindowForm(ConfirmedForm):
    """For how long accounts without a second factor may add one."""

    hours = forms.TypedChoiceField(
        label=gettext_lazy("For"),
        coerce=int,
        initial=72,
        choices=[
            (24, gettext_lazy("one day")),
            (72, gettext_lazy("three days")),
            (168, gettext_lazy("a week")),
            (336, gettext_lazy("two weeks")),
        ],
    )
    field_order = ("hours", "password")


@require_safe
@permission_required(Permission.MANAGE_PEOPLE)
def security(request: Request, pk: int) -> HttpResponse:
    """Show a person's second factors and sessions, and a reset that waits."""
    user = get_object_or_404(User, pk=pk)
    resets_of = user.factor_resets.pending().select_related("asked_by")
    context = {
        "user_shown": user,
        "is_self": user.pk == request.user.pk,
        "factors": Authenticator.objects.filter(user=user, type__in=MAIN).order_by("created_at", "pk"),
        "sessions": person_sessions.listed(user) if user.is_active else [],
        "reset": resets_of.first(),
        "has_asked": resets_of.filter(asked_by=request.user).exists(),
    }
    return page(request, "account/person_security.html", context)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def end_sessions(request: Request, pk: int) -> HttpResponse:
    """End all sessions of a person, or the one that the form names."""
    user = get_object_or_404(User, pk=pk)
    rows = person_sessions.all_of(user)
    if (one := request.POST.get("session", "")).isdecimal():
        rows = rows.filter(pk=int(one[:18]))
    if person_sessions.end(rows, user=user, by=Actor.from_request(request), ended_by=request.user):
        messages.success(request, gettext("Ended. Whoever uses it is signed out with the next click."))
    return redirect("people:security", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def ask_reset(request: Request, pk: int) -> HttpResponse:
    """Ask another administrator to confirm a reset of a person's second factors."""
    user = _other(request, pk)
    form = ReasonForm(request.POST or None, request=request)
    if request.method != "POST" or not form.is_valid():
        question = gettext("Ask to reset the second factors of %(name)s?") % {"name": user.display_name}
        return _question(request, user, form, question, gettext("Ask for the reset"))
    reason, by = form.cleaned_data["reason"], Actor.from_request(request)
    resets.ask(user=user, asked_by=request.user, reason=reason, by=by)
    messages.success(request, gettext("Another administrator has to confirm it within 24 hours."))
    return redirect("people:security", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def confirm_reset(request: Request, pk: int) -> HttpResponse:
    """Confirm a reset that another administrator asked for."""
    user, reset = _pending(request, pk)
    form = ConfirmedForm(request.POST if request.method == "POST" else None, request=request)
    if request.method != "POST" or not form.is_valid():
        question = gettext("Reset the second factors of %(name)s?") % {"name": user.display_name}
        details = [reset.asked_by.display_name, reset.reason]
        return _question(request, user, form, question, gettext("Reset"), details)
    resets.confirm(reset=reset, confirmed_by=request.user, by=Actor.from_request(request))
    messages.success(
        request,
        gettext(
            "The second factors were removed and the sessions ended. Send the person a new password link."
        ),
    )
    return redirect("people:security", pk)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def withdraw_reset(request: Request, pk: int) -> HttpResponse:
    """Take back a reset that waits for its confirmation."""
    _, reset = _pending(request, pk)
    resets.withdraw(reset=reset, by=Actor.from_request(request))
    messages.success(request, gettext("The request was withdrawn."))
    return redirect("people:security", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def mark_break_glass(request: Request, pk: int) -> HttpResponse:
    """Make an account a break-glass account, or an ordinary one again."""
    user = _other(request, pk)
    form = ReasonForm(request.POST or None, request=request)
    if request.method != "POST" or not form.is_valid():
        words = {"name": user.display_name}
        if user.is_break_glass:
            question = gettext("Make the break-glass account of %(name)s an ordinary one?") % words
        else:
            question = gettext("Make the account of %(name)s a break-glass account?") % words
        return _question(request, user, form, question, gettext("Change the account"))
    reason, by = form.cleaned_data["reason"], Actor.from_request(request)
    break_glass.mark(user=user, on=not user.is_break_glass, by=by, reason=reason)
    messages.success(request, gettext("The account was changed."))
    return redirect("people:security", pk)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def acknowledge(request: Request, pk: int) -> HttpResponse:
    """Acknowledge the use of a break-glass account: its alarm goes off the pages."""
    use = get_object_or_404(BreakGlassUse.objects.select_related("user"), pk=pk)
    if use.user_id == request.user.pk:
        raise OwnAccount
    if not break_glass.acknowledge(use=use, acknowledged_by=request.user, by=Actor.from_request(request)):
        raise AlreadyDone
    messages.success(request, gettext("Acknowledged."))
    return redirect("people:security", use.user_id)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def enrolment_page(request: Request) -> HttpResponse:
    """List who has no second factor; open and close the time in which they can add one."""
    form = WindowForm(request.POST or None, request=request)
    if request.method == "POST" and form.is_valid():
        by = Actor.from_request(request)
        enrolment.open_for_all(hours=form.cleaned_data["hours"], by=by, opened_by=request.user)
        messages.success(request, gettext("Accounts without a second factor can now add one."))
        return redirect("people:enrolment")
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=MAIN)
    lacking = User.objects.filter(~Exists(factors), is_active=True).order_by("full_name", "pk")
    context: dict[str, Any] = {
        "form": form,
        "window": enrolment.window_of_all(),
        "total": lacking.count(),
        "people_shown": lacking[:SHOWN],
    }
    return page(request, "account/enrolment.html", context, status=422 if form.errors else 200)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def close_enrolment(request: Request) -> HttpResponse:
    """Close the time in which second factors can be added."""
    enrolment.close_for_all(by=Actor.from_request(request))
    messages.success(request, gettext("The time in which second factors can be added is over."))
    return redirect("people:enrolment")


def _other(request: Request, pk: int) -> User:
    user = get_object_or_404(User, pk=pk)
    if user.pk == request.user.pk:
        raise OwnAccount
    return user


def _pending(request: Request, pk: int) -> tuple[User, FactorReset]:
    user = _other(request, pk)
    reset = user.factor_resets.pending().select_related("asked_by", "user").first()
    if reset is None:
        raise AlreadyDone
    return user, reset


def _question(
    request: Request, user: User, form: forms.Form, question: str, act: str, details: Any = ()
) -> HttpResponse:
    context = {"user_shown": user, "form": form, "question": question, "act": act, "details": details}
    return page(request, "account/confirm.html", context, status=422 if form.errors else 200)
