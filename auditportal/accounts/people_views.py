"""The pages on which administrators manage people."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import Prefetch, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auditportal.accounts import actions, attempts, invitations
from auditportal.accounts.models import Grant, User
from auditportal.accounts.people_forms import InviteForm, PersonForm, ReasonForm, RoleForm
from auditportal.accounts.roles import ROLES
from recordings.audit import Actor, Kind, Target, record_committed
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required

SHOWN = 100


@require_safe
@permission_required(Permission.MANAGE_PEOPLE)
def people(request: Request) -> HttpResponse:
    """List people by name, those who match the search first; inactive ones last."""
    words = request.GET.get("q", "").strip()[:200]
    found = User.objects.order_by("-is_active", "full_name", "pk")
    if words:
        found = found.filter(
            Q(full_name__icontains=words) | Q(username__icontains=words) | Q(email__icontains=words)
        )
    current = Prefetch("grants", Grant.objects.current().order_by("pk"), to_attr="current")
    rows = [
        {"user": user, "held": [ROLES[grant.role] for grant in user.current if grant.role in ROLES]}
        for user in found.prefetch_related(current)[:SHOWN]
    ]
    context = {"rows": rows, "roles": ROLES.values(), "q": words, "total": found.count()}
    return page(request, "account/people.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def invite(request: Request) -> HttpResponse:
    """Create an account with a role, and show the link with which the person chooses a password. It is shown once."""
    form = InviteForm(request.POST or None, request=request)
    if request.method != "POST" or not form.is_valid():
        return page(request, "account/invite.html", {"form": form}, status=422 if form.errors else 200)
    values, by = form.cleaned_data, Actor.from_request(request)
    with transaction.atomic():
        user = User.objects.create_user(
            values["username"], full_name=values["full_name"], email=values["email"]
        )
        token = invitations.invite(user=user, by=by, created_by=request.user)
        _grant(request, user, values)
    return _link_page(request, user, token)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def person(request: Request, pk: int) -> HttpResponse:
    """Show a person with all their grants; POST changes name and mail address."""
    user = get_object_or_404(User, pk=pk)
    form = PersonForm(
        request.POST if request.method == "POST" else {"full_name": user.full_name, "email": user.email}
    )
    if request.method == "POST" and form.is_valid():
        if actions.change_person(user=user, by=Actor.from_request(request), **form.cleaned_data):
            messages.success(request, gettext("The changes were saved."))
        return redirect("people:person", pk)
    return _person_page(request, user, person_form=form)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def grant(request: Request, pk: int) -> HttpResponse:
    """Give a person a role for a period."""
    user = _other_person(request, pk)
    form = RoleForm(request.POST, request=request, held=frozenset(role.code for role in user.roles))
    if not form.is_valid():
        return _person_page(request, user, role_form=form)
    words = {"name": user.display_name, "role": ROLES[form.cleaned_data["role"]].label}
    if _grant(request, user, form.cleaned_data):
        messages.success(request, gettext("The role “%(role)s” was granted to %(name)s.") % words)
    else:
        messages.error(request, gettext("%(name)s already has the role “%(role)s”. End it first.") % words)
    return redirect("people:person", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def end_grant(request: Request, pk: int, role: str) -> HttpResponse:
    """End a person's role. GET shows the page that asks for a reason and the password."""
    user = _other_person(request, pk)
    if role not in ROLES:
        raise Http404
    form = ReasonForm(request.POST or None, request=request)
    words = {"name": user.display_name, "role": ROLES[role].label}
    if request.method != "POST" or not form.is_valid():
        question = gettext("End the role “%(role)s” of %(name)s?") % words
        return _confirm_page(request, user, form, question, gettext("End the role"))
    by = Actor.from_request(request)
    reason = form.cleaned_data["reason"]
    if actions.revoke_role(user=user, role=role, by=by, ended_by=request.user, reason=reason):
        messages.success(request, gettext("%(name)s no longer has the role “%(role)s”.") % words)
    return redirect("people:person", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def deactivate(request: Request, pk: int) -> HttpResponse:
    """Close a person's account. GET shows the page that asks for a reason and the password."""
    user = _other_person(request, pk)
    form = ReasonForm(request.POST or None, request=request)
    words = {"name": user.display_name}
    if request.method != "POST" or not form.is_valid():
        question = gettext("Deactivate the account of %(name)s?") % words
        return _confirm_page(request, user, form, question, gettext("Deactivate"))
    actions.deactivate(user=user, by=Actor.from_request(request), reason=form.cleaned_data["reason"])
    messages.success(
        request, gettext("The account of %(name)s is inactive. Sessions and viewings ended.") % words
    )
    return redirect("people:person", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def reactivate(request: Request, pk: int) -> HttpResponse:
    """Open a person's account again. GET shows the page that asks for a reason and the password."""
    user = _other_person(request, pk)
    form = ReasonForm(request.POST or None, request=request)
    words = {"name": user.display_name}
    if request.method != "POST" or not form.is_valid():
        question = gettext("Reactivate the account of %(name)s?") % words
        return _confirm_page(request, user, form, question, gettext("Reactivate"))
    actions.reactivate(user=user, by=Actor.from_request(request), reason=form.cleaned_data["reason"])
    messages.success(request, gettext("The account of %(name)s is active again.") % words)
    return redirect("people:person", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def new_link(request: Request, pk: int) -> HttpResponse:
    """Make a link with which a person chooses a new password, and show it once."""
    user = _other_person(request, pk)
    form = ReasonForm(request.POST or None, request=request)
    if request.method != "POST" or not form.is_valid():
        question = gettext("Make a link for a new password of %(name)s?") % {"name": user.display_name}
        return _confirm_page(request, user, form, question, gettext("Make a link"))
    token = invitations.invite(user=user, by=Actor.from_request(request), created_by=request.user)
    return _link_page(request, user, token)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def unlock(request: Request, pk: int) -> HttpResponse:
    """Let a person sign in at once after too many failed attempts."""
    user = get_object_or_404(User, pk=pk)
    record_committed(Kind.ACCOUNT_UNLOCKED, by=Actor.from_request(request), target=Target.of(user))
    attempts.unlock(user)
    messages.success(request, gettext("%(name)s can sign in at once.") % {"name": user.display_name})
    return redirect("people:person", pk)


def _grant(request: Request, user: User, values: dict[str, Any]) -> bool:
    return actions.grant_role(
        user=user,
        role=values["role"],
        by=Actor.from_request(request),
        granted_by=request.user,
        starts_at=values["starts_at"],
        until=values["ends_at"],
        reason=values["reason"],
    )


def _other_person(request: Request, pk: int) -> User:
    """Return the person. Raises Http404, and OwnAccount for oneself."""
    user = get_object_or_404(User, pk=pk)
    if user.pk == request.user.pk:
        raise actions.OwnAccount
    return user


def _person_page(request: Request, user: User, **forms: Any) -> HttpResponse:
    held = frozenset(role.code for role in user.roles)
    context = {
        "user_shown": user,
        "is_self": user.pk == request.user.pk,
        "grants": [
            {"grant": row, "role": ROLES.get(row.role)}
            for row in user.grants.select_related("granted_by", "ended_by").order_by("-pk")
        ],
        "current": held,
        "person_form": forms.get("person_form"),
        "role_form": forms.get("role_form") or RoleForm(request=request, held=held),
    }
    is_wrong = any(form.is_bound and form.errors for form in forms.values())
    return page(request, "account/person.html", context, status=422 if is_wrong else 200)


def _confirm_page(request: Request, user: User, form: ReasonForm, question: str, act: str) -> HttpResponse:
    context = {"user_shown": user, "form": form, "question": question, "act": act}
    return page(request, "account/confirm.html", context, status=422 if form.errors else 200)


def _link_page(request: Request, user: User, token: str) -> HttpResponse:
    url = request.build_absolute_uri(reverse("invitation", args=[token]))
    return page(request, "account/link.html", {"user_shown": user, "url": url})
