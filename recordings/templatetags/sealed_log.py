"""The sealed log on pages of other slices, which know nothing of it."""

from django import template

from recordings.proof.evidence.pages.log_status import LogStatus, log_status

register = template.Library()


@register.simple_tag
def how_the_log_stands() -> LogStatus:
    """For `evidence/_strip.html`: only on pages for who may read the trail."""
    return log_status()
