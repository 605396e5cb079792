"""The pages on which administrators grant roles to a person and end them."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from auditportal.accounts import actions
from auditportal.accounts.grant_form import GrantForm
from auditportal.accounts.models import Grant, User
from auditportal.accounts.people_forms import ReasonForm
from auditportal.accounts.roles import ROLES
from auditportal.accounts.scopes import Names, limits_of
from recordings.audit import Actor
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.reach import Level


def grants_of(user: User) -> list[dict[str, Any]]:
    """Return all grants of a person, newest first, each with its role and what limits it."""
    grants = list(user.grants.select_related("granted_by", "ended_by").order_by("-pk"))
    names = Names(limits_of(grant) for grant in grants)
    return [
        {
            "grant": grant,
            "role": ROLES.get(grant.role),
            "level": Level(grant.level).label,
            "scope": names.phrases(limits_of(grant)) if grant.role != actions.ADMINISTRATOR else [],
        }
        for grant in grants
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def grant(request: Request, pk: int) -> HttpResponse:
    """Give a person a role for a period, with a level and a scope. The form also counts what the scope reaches."""
    user = other_person(request, pk)
    held = frozenset(role.code for role in user.roles)
    form = GrantForm(request.POST or None, request=request, held=held)
    if request.method != "POST" or not form.is_valid() or form.only_counts:
        status = 422 if form.errors and not form.only_counts else 200
        return page(request, "account/grant.html", {"user_shown": user, "form": form}, status=status)
    values = form.cleaned_data
    is_new = actions.grant_role(
        user=user,
        role=values["role"],
        by=Actor.from_request(request),
        granted_by=request.user,
        starts_at=values["starts_at"],
        until=values["ends_at"],
        reason=values["reason"],
        level=Level(values["level"]),
        **form.limits,
    )
    words = {"name": user.display_name, "role": ROLES[values["role"]].label}
    if is_new:
        messages.success(request, gettext("The role “%(role)s” was granted to %(name)s.") % words)
    else:
        messages.error(request, gettext("%(name)s already has the role “%(role)s”. End it first.") % words)
    return redirect("people:person", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def end_grant(request: Request, pk: int, grant_pk: int) -> HttpResponse:
    """End one grant of a person. GET shows the page that asks for a reason and the password."""
    user = other_person(request, pk)
    ended = get_object_or_404(Grant.objects.select_related("user"), pk=grant_pk, user=user)
    form = ReasonForm(request.POST or None, request=request)
    role = ROLES.get(ended.role)
    words = {"name": user.display_name, "role": role.label if role else ended.role}
    if request.method != "POST" or not form.is_valid():
        context = {
            "user_shown": user,
            "form": form,
            "question": gettext("End the role “%(role)s” of %(name)s?") % words,
            "details": [Level(ended.level).label, *Names([limits_of(ended)]).phrases(limits_of(ended))],
            "act": gettext("End the role"),
        }
        return page(request, "account/confirm.html", context, status=422 if form.errors else 200)
    actions.end_grant(
        grant=ended,
        by=Actor.from_request(request),
        ended_by=request.user,
        reason=form.cleaned_data["reason"],
    )
    messages.success(request, gettext("The role “%(role)s” of %(name)s was ended.") % words)
    return redirect("people:person", pk)


def other_person(request: Request, pk: int) -> User:
    """Return the person. Raises Http404, and OwnAccount for oneself."""
    user = get_object_or_404(User, pk=pk)
    if user.pk == request.user.pk:
        raise actions.OwnAccount
    return user
