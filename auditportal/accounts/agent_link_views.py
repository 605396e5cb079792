"""The pages on which administrators link an account to an agent of CommBox."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from auditportal.accounts.agent_links import end_link, link_agent
from auditportal.accounts.grant_views import other_person
from auditportal.accounts.models import AgentLink
from auditportal.accounts.people_forms import ReasonForm
from recordings.audit import Actor
from recordings.catalog.queries import agent_name
from recordings.filter_form import NamesSelect
from recordings.http import Request, page
from recordings.models import Agent
from recordings.permissions import Permission
from recordings.policies import permission_required


class LinkForm(ReasonForm):
    """Which agent a person is, and why that is known. Agents who are linked already are not offered."""

    agent = forms.ModelChoiceField(
        label=_("Agent in CommBox"), queryset=Agent.objects.none(), widget=NamesSelect
    )
    field_order = ["agent", "reason", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        linked = AgentLink.objects.filter(ended_at=None).values("agent_id")
        field: Any = self.fields["agent"]
        field.queryset = Agent.objects.exclude(pk__in=linked).order_by("name", "pk")
        field.label_from_instance = lambda agent: agent_name(agent.name, agent.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def link(request: Request, pk: int) -> HttpResponse:
    """Link a person's account to an agent. GET shows the page that asks for agent, reason and password."""
    user = other_person(request, pk)
    form = LinkForm(request.POST or None, request=request)
    if request.method != "POST" or not form.is_valid():
        context = {
            "user_shown": user,
            "form": form,
            "question": gettext("Link %(name)s to an agent") % {"name": user.display_name},
            "details": [gettext("The role “Agent” reaches the calls of this agent.")],
            "act": gettext("Link"),
        }
        return page(request, "account/confirm.html", context, status=422 if form.errors else 200)
    values = form.cleaned_data
    by = Actor.from_request(request)
    link_agent(user=user, agent=values["agent"], by=by, linked_by=request.user, reason=values["reason"])
    messages.success(request, gettext("%(name)s was linked to an agent.") % {"name": user.display_name})
    return redirect("people:person", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(Permission.MANAGE_PEOPLE)
def unlink(request: Request, pk: int, link_pk: int) -> HttpResponse:
    """End a link. GET shows the page that asks for a reason and the password."""
    user = other_person(request, pk)
    ended = get_object_or_404(AgentLink.objects.select_related("user"), pk=link_pk, user=user)
    form = ReasonForm(request.POST or None, request=request)
    words = {"name": user.display_name}
    if request.method != "POST" or not form.is_valid():
        context = {
            "user_shown": user,
            "form": form,
            "question": gettext("End the link of %(name)s to an agent?") % words,
            "act": gettext("End the link"),
        }
        return page(request, "account/confirm.html", context, status=422 if form.errors else 200)
    by = Actor.from_request(request)
    end_link(link=ended, by=by, ended_by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, gettext("%(name)s is no longer linked to an agent.") % words)
    return redirect("people:person", pk)


def links_of(user: Any) -> list[dict[str, Any]]:
    """Return all links of a person, newest first, each with the agent's name."""
    links = list(user.agent_links.order_by("-pk"))
    names = dict(Agent.objects.filter(pk__in=[row.agent_id for row in links]).values_list("pk", "name"))
    return [
        {
            "link": row,
            "agent": agent_name(names.get(row.agent_id, ""), row.agent_id),
            "is_open": row.ended_at is None,
        }
        for row in links
    ]
