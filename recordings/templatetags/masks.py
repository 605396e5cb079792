"""A customer's values in templates, masked for people who do not see personal data."""

from typing import Any

from django import template

from recordings.catalog.masks import Customer, customer_of
from recordings.models import CommBoxObject

register = template.Library()


@register.simple_tag(takes_context=True)
def customer(context: template.RequestContext, thing: CommBoxObject) -> Customer:
    """Return the customer of an object: `{% customer object.thing as customer %}`. `unmasked`: in the context."""
    request: Any = context["request"]
    return customer_of(thing, request.user, context.get("unmasked") or "")
