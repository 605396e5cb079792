"""What a person is to evaluate today, for the overview."""

from typing import Any

from django import template
from django.utils.translation import ngettext

from recordings.permissions import Permission
from recordings.reviews.plans.work import count_work

register = template.Library()


@register.simple_tag(takes_context=True)
def work_due(context: template.RequestContext) -> dict[str, Any] | None:
    """Return how many evaluations are due today, and a note with all open ones; None for a person without a queue."""
    request: Any = context["request"]
    if not request.user.has_permission(Permission.EVALUATE):
        return None
    due, in_all = count_work(request.user)
    note = ngettext("%(number)s assignment open", "%(number)s assignments open", in_all)
    return {"due": due, "note": note % {"number": in_all}} if in_all else None
