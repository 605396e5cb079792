"""One filter of a list: a pill that opens, with the fields that stand between the tags."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag
def filter_pill(content: SafeString, title: str) -> SafeString:
    """Draw a filter: `{% filter_pill "Channel" %}` its fields `{% endfilter_pill %}`."""
    return render_to_string("parts/_filter.html", {"title": title, "fields": content})
