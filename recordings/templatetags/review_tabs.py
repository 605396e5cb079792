"""The tabs of the pages of reviews."""

from typing import Any

from django import template

from recordings.reviews.tabs import TABS

register = template.Library()


@register.inclusion_tag("reviews/_tabs.html", takes_context=True)
def review_tabs(context: dict[str, Any], here: str) -> dict[str, Any]:
    """Show the tabs that the person may open; `here` is the code of the current one."""
    may = context["request"].user.has_permission
    return {
        "here": here,
        "tabs": [
            (code, label, name) for code, label, name, permissions in TABS if any(map(may, permissions))
        ],
    }
