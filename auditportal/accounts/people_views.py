"""The pages on which administrators manage people."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auditportal.accounts import actions, attempts, invitations, mail
from auditportal.accounts.agent_link_views import links_of
from auditportal.accounts.grant_form import InviteForm
from auditportal.accounts.grant_views import grants_of, other_person
from auditportal.accounts.models import User
from auditportal.accounts.people_forms import PersonForm, ReasonForm
from auditportal.accounts.people_list import PeopleForm, people_page
from auditportal.accounts.roles import ROLES
from auditportal.accounts.single_sign_on.people import use_single_sign_on
from recordings.audit import Actor, Kind, Target, record_committed
from recordings.http import Request, page
from recordings.paging import BY_NUMBER, start_by_number
from recordings.permissions import Permission
from recordings.policies import permission_required


@require_safe
@permission_required(Permission.MANAGE_PEOPLE)
def people(request: Request) -> HttpResponse:
    """List people by name: those who match words, role and state."""
    form = PeopleForm(request.GET)
    context: dict[str, Any] = {"form": form, "roles": ROLES.values(), "can_mail": mail.is_set_up()}
    if form.is_valid():
        found = people_page(form, start_by_number(request.GET))
        context |= {"rows": found.rows, "shown": found.shown("people"), **found.urls(BY_NUMBER, form.query())}
    return page(request, "account/people.html", context, status=200 if form.is_valid() else 400)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def invite(request: Request) -> HttpResponse:
    """Create an account with a role, and mail or show the link with which the person chooses a password."""
    form = InviteForm(request.POST or None, request=request, initial={"language": get_language()})
    if request.method != "POST" or not form.is_valid() or form.only_counts:
        status = 422 if form.errors and not form.only_counts else 200
        return page(request, "account/invite.html", {"form": form}, status=status)
    by = Actor.from_request(request)
    ((user, token),) = invitations.invite_people([form.person], by=by, invited_by=request.user)
    return _hand_over(request, user, token)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def person(request: Request, pk: int) -> HttpResponse:
    """Show a person with all their grants; POST changes name and mail address."""
    user = get_object_or_404(User, pk=pk)
    form = PersonForm(request.POST if request.method == "POST" else None, request=request, person=user)
    if request.method == "POST" and form.is_valid():
        if actions.change_person(user=user, by=Actor.from_request(request), **form.values):
            messages.success(request, gettext("The changes were saved."))
        return redirect("people:person", pk)
    return _person_page(request, user, person_form=form)


class Act(NamedTuple):
    """Something done to a person's account that an administrator confirms on a page of its own.

    `do` takes the request, the person and the reason. It returns a response, or None for `done`.
    """

    question: str | Promise
    button: str | Promise
    done: str | Promise
    do: Callable[[Request, User, str], HttpResponse | None]


def _deactivate(request: Request, user: User, reason: str) -> None:
    actions.deactivate(user=user, by=Actor.from_request(request), reason=reason)


def _reactivate(request: Request, user: User, reason: str) -> None:
    actions.reactivate(user=user, by=Actor.from_request(request), reason=reason)


def _new_link(request: Request, user: User, reason: str) -> HttpResponse:
    by = Actor.from_request(request)
    token = invitations.invite(user=user, by=by, created_by=request.user, reason=reason)
    return _hand_over(request, user, token)


def _use_single_sign_on(request: Request, user: User, reason: str) -> HttpResponse:
    by = Actor.from_request(request)
    token = use_single_sign_on(user=user, by=by, created_by=request.user, reason=reason)
    return _hand_over(request, user, token)


def _unlock(request: Request, user: User, reason: str) -> None:
    by = Actor.from_request(request)
    record_committed(Kind.ACCOUNT_UNLOCKED, by=by, target=Target.of(user), note=reason)
    attempts.unlock(user)


ACTS = {
    "deactivate": Act(
        _("Deactivate the account of %(name)s?"),
        _("Deactivate"),
        _("The account of %(name)s is inactive. Sessions and viewings ended."),
        _deactivate,
    ),
    "reactivate": Act(
        _("Reactivate the account of %(name)s?"),
        _("Reactivate"),
        _("The account of %(name)s is active again."),
        _reactivate,
    ),
    "new_link": Act(_("Make a link for a new password of %(name)s?"), _("Make a link"), "", _new_link),
    "single_sign_on": Act(
        _("Have %(name)s sign in through single sign-on only? Their password is removed, and sessions end."),
        _("Use single sign-on"),
        "",
        _use_single_sign_on,
    ),
    "unlock": Act(
        _("Unlock the account of %(name)s after failed sign-ins?"),
        _("Unlock"),
        _("%(name)s can sign in at once."),
        _unlock,
    ),
}


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def confirm(request: Request, pk: int, act: str) -> HttpResponse:
    """Do one of ACTS. GET shows the page that names the person and asks for a reason and the password."""
    user = other_person(request, pk)
    chosen, form = ACTS[act], ReasonForm(request.POST or None, request=request)
    words = {"name": user.display_name}
    if request.method != "POST" or not form.is_valid():
        question = str(chosen.question) % words
        context = {"user_shown": user, "form": form, "question": question, "act": chosen.button}
        return page(request, "account/confirm.html", context, status=422 if form.errors else 200)
    if response := chosen.do(request, user, form.cleaned_data["reason"]):
        return response
    messages.success(request, str(chosen.done) % words)
    return redirect("people:person", pk)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def test_mail(request: Request) -> HttpResponse:
    """Send the administrator a mail, and say what the mail server answered."""
    address = request.user.email
    if not mail.is_set_up():
        messages.error(request, gettext("Mail is not set up: SMTP_URL, MAIL_FROM and PUBLIC_URL are needed."))
    elif not address:
        messages.error(request, gettext("Your account has no mail address. Add it in My settings."))
    else:
        try:
            mail.send("test", to=address, language=get_language() or "")
            messages.success(request, gettext("A test mail was sent to %(address)s.") % {"address": address})
        except mail.NotSent as error:
            messages.error(
                request, gettext("The test mail was not sent. %(why)s") % {"why": error.problem.sentence}
            )
    return redirect("people:list")


def _person_page(request: Request, user: User, **forms: Any) -> HttpResponse:
    context = {
        "user_shown": user,
        "is_self": user.pk == request.user.pk,
        "grants": grants_of(user),
        "now": timezone.now(),
        "link": user.invitations.order_by("-pk").first(),
        "links": links_of(user),
        "identity": getattr(user, "identity", None),
        "has_single_sign_on": bool(settings.OIDC_ISSUER),
        "person_form": forms.get("person_form") or PersonForm(request=request, person=user),
    }
    is_wrong = any(form.is_bound and form.errors for form in forms.values())
    return page(request, "account/person.html", context, status=422 if is_wrong else 200)


def _hand_over(request: Request, user: User, token: str) -> HttpResponse:
    """Mail a link to its person. Where that is not possible, show it once."""
    problem = None
    if user.email and mail.is_set_up():
        problem = invitations.mail_link(user=user, token=token, by=Actor.from_request(request))
        if problem is None:
            messages.success(
                request,
                gettext("A link was sent to %(address)s. It works once, for 72 hours.")
                % {"address": user.email},
            )
            return redirect("people:person", user.pk)
    url = request.build_absolute_uri(reverse("invitation", args=[token]))
    return page(request, "account/link.html", {"user_shown": user, "url": url, "problem": problem})
