"""Write averages and shares of evaluations with their intervals."""

from django import template

from recordings.reviews.numbers.words import figure, figure_range, percent, percent_range
from recordings.reviews.statistics import Interval

register = template.Library()


@register.filter
def average(value: Interval | None) -> str:
    """Write an average; a dash for none."""
    return figure(value.value) if value else "–"


@register.filter
def average_range(value: Interval | None) -> str:
    """Write the interval of an average; a dash where there is none."""
    return (figure_range(value) if value else "") or "–"


@register.filter
def share(value: Interval | None) -> str:
    """Write a share in per cent; a dash for none."""
    return percent(value)


@register.filter
def share_range(value: Interval | None) -> str:
    """Write the interval of a share in per cent; empty for none."""
    return percent_range(value)
