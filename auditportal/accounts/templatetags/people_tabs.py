"""The tabs of the pages about people, with what waits on them."""

from typing import Any

from django import template

from auditportal.accounts.waiting import Waiting, waiting_for

register = template.Library()


@register.inclusion_tag("account/_tabs.html", takes_context=True)
def people_tabs(context: dict[str, Any], here: str) -> dict[str, Any]:
    """Show the tabs; `here` is the code of the current one."""
    return {"here": here, "waiting": waiting_for(context["request"].user)}


@register.simple_tag(takes_context=True)
def waiting_for_me(context: dict[str, Any]) -> Waiting:
    """Return what waits for the administrator who reads the page."""
    return waiting_for(context["request"].user)
