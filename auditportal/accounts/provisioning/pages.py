"""The pages on which administrators set up provisioning: tokens, and groups with their roles."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from auditportal.accounts.actions import ADMINISTRATOR
from auditportal.accounts.people_forms import ReasonForm
from auditportal.accounts.provisioning import group_roles, tokens
from auditportal.accounts.provisioning.forms import GroupRoleForm, TokenForm
from auditportal.accounts.provisioning.models import GroupRole, Membership, Token
from auditportal.accounts.roles import ROLES
from auditportal.accounts.scopes import Names, limits_of
from recordings.audit import Actor
from recordings.http import Request, page
from recordings.permissions import Permission
from recordings.policies import permission_required
from recordings.reach import Level


@require_safe
@permission_required(Permission.MANAGE_PEOPLE)
def overview(request: Request) -> HttpResponse:
    """Show the tokens, and the groups that have a role."""
    return _page(request)


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def make_token(request: Request) -> HttpResponse:
    """Make a token, and show it. It is shown once."""
    form = TokenForm(request.POST, request=request)
    if not form.is_valid():
        return _page(request, token_form=form)
    token = tokens.make_token(
        name=form.cleaned_data["name"],
        scope=form.cleaned_data["scope"],
        expires_at=form.cleaned_data["expires_at"],
        by=Actor.from_request(request),
        created_by=request.user,
    )
    context = {"name": form.cleaned_data["name"], "token": token, "url": _base_url(request)}
    return page(request, "account/provisioning_token.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def revoke_token(request: Request, pk: int) -> HttpResponse:
    """Revoke a token. GET shows the page that asks for a reason and the password."""
    row = get_object_or_404(Token, pk=pk)
    form = ReasonForm(request.POST or None, request=request)
    words = {"name": row.name}
    if request.method != "POST" or not form.is_valid():
        return _confirm_page(
            request, form, gettext("Revoke the token “%(name)s”?") % words, gettext("Revoke")
        )
    by, reason = Actor.from_request(request), form.cleaned_data["reason"]
    if tokens.revoke_token(row=row, by=by, revoked_by=request.user, reason=reason):
        messages.success(request, gettext("The token “%(name)s” was revoked.") % words)
    return redirect("provisioning:overview")


@require_POST
@permission_required(Permission.MANAGE_PEOPLE)
def add_role(request: Request) -> HttpResponse:
    """Give the members of a group a role."""
    form = GroupRoleForm(request.POST, request=request)
    if not form.is_valid() or form.only_counts:
        return _page(request, role_form=form)
    group, role = form.cleaned_data["group"], form.cleaned_data["role"]
    by = Actor.from_request(request)
    words = {"group": group, "role": ROLES[role].label}
    if group_roles.add_group_role(
        group=group,
        role=role,
        level=Level(form.cleaned_data["level"]),
        limits=form.limits,
        by=by,
        added_by=request.user,
    ):
        messages.success(request, gettext("Members of “%(group)s” have the role “%(role)s”.") % words)
    else:
        messages.error(request, gettext("The group “%(group)s” already has the role “%(role)s”.") % words)
    return redirect("provisioning:overview")


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def end_role(request: Request, pk: int) -> HttpResponse:
    """Take a role from the members of a group. GET shows the page that asks for a reason and the password."""
    row = get_object_or_404(GroupRole, pk=pk)
    form = ReasonForm(request.POST or None, request=request)
    role = ROLES.get(row.role)
    words = {"group": row.group, "role": role.label if role else row.role}
    if request.method != "POST" or not form.is_valid():
        question = gettext("Take the role “%(role)s” from the members of “%(group)s”?") % words
        details = [Level(row.level).label, *Names([limits_of(row)]).phrases(limits_of(row))]
        return _confirm_page(request, form, question, gettext("End the role"), details)
    by, reason = Actor.from_request(request), form.cleaned_data["reason"]
    if group_roles.end_group_role(row=row, by=by, ended_by=request.user, reason=reason):
        messages.success(
            request, gettext("Members of “%(group)s” no longer have the role “%(role)s”.") % words
        )
    return redirect("provisioning:overview")


def _page(request: Request, **forms: Any) -> HttpResponse:
    members = Membership.objects.filter(until=None).values_list("group__name", "user").distinct()
    numbers: dict[str, int] = {}
    for name, _user in members:
        numbers[name] = numbers.get(name, 0) + 1
    rows = list(GroupRole.objects.filter(ended_at=None).select_related("created_by").order_by("group", "pk"))
    names = Names([limits_of(row) for row in rows])
    role_form = forms.get("role_form") or GroupRoleForm(request=request)
    only_counts = bool(role_form.only_counts)
    usable = set(Token.objects.usable().values_list("pk", flat=True))
    context = {
        "url": _base_url(request),
        "tokens": [
            {"token": row, "is_usable": row.pk in usable}
            for row in Token.objects.select_related("created_by", "revoked_by").order_by("-pk")
        ],
        "group_roles": [
            {
                "row": row,
                "role": ROLES.get(row.role),
                "level": Level(row.level).label,
                "scope": names.phrases(limits_of(row)) if row.role != ADMINISTRATOR else [],
                "members": numbers.get(row.group, 0),
            }
            for row in rows
        ],
        "token_form": forms.get("token_form") or TokenForm(request=request),
        "role_form": role_form,
    }
    return page(
        request, "account/provisioning.html", context, status=422 if forms and not only_counts else 200
    )


def _confirm_page(
    request: Request, form: ReasonForm, question: str, act: str, details: Sequence[object] = ()
) -> HttpResponse:
    context = {"form": form, "question": question, "act": act, "details": details}
    return page(request, "account/provisioning_confirm.html", context, status=422 if form.errors else 200)


def _base_url(request: Request) -> str:
    return request.build_absolute_uri(reverse("scim:root")).rstrip("/")
