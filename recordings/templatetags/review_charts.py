"""Charts of the numbers of evaluations, drawn by the server as SVG, each with its table.

Only the geometry is made here; colours come from the stylesheet. Numbers for SVG are text, as in `pictures`.
"""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from recordings.reviews.numbers.words import figure, figure_range
from recordings.reviews.statistics import Interval
from recordings.templatetags.pictures import BAR, HIGH

register = template.Library()


@register.inclusion_tag("reviews/numbers/_histogram.html")
def histogram(bins: Sequence[tuple[str, int]], label: str) -> dict[str, Any]:
    """Draw how many evaluations have a score in each of the bins: (scores, number)."""
    top = max((number for _, number in bins), default=0) or 1
    message = gettext("%(scores)s points: %(evaluations)s")
    drawn = []
    for place, (scores, number) in enumerate(bins):
        height = max(1.5, number / top * (HIGH - 2)) if number else 0.0
        counted = ngettext("%(number)s evaluation", "%(number)s evaluations", number)
        evaluations = counted % {"number": number_format(number)}
        drawn.append(
            {
                "name": scores,
                "number": number,
                "title": message % {"scores": scores, "evaluations": evaluations},
                "x": f"{place * BAR + 1.5:.1f}",
                "y": f"{HIGH - height:.2f}",
                "height": f"{height:.2f}",
            }
        )
    return {
        "bars": drawn,
        "label": label,
        "total": sum(number for _, number in bins),
        "wide": str(max(1, len(bins)) * BAR),
    }


@register.inclusion_tag("reviews/numbers/_trend.html")
def trend(weeks: Sequence[tuple[str, Interval | None]], label: str) -> dict[str, Any]:
    """Draw the average score of each week with its interval: (first day, average or None)."""
    drawn = []
    for place, (day, average) in enumerate(weeks):
        point: dict[str, Any] = {"name": day, "n": average.n if average else 0}
        if average:
            low = average.value if average.low is None else average.low
            high = average.value if average.high is None else average.high
            top, bottom = _height(high), _height(low)
            point |= {
                "x": f"{place * BAR + BAR / 2 - 0.75:.2f}",
                "y": f"{top:.2f}",
                "height": f"{max(0.5, bottom - top):.2f}",
                "mark_x": f"{place * BAR + 1.5:.1f}",
                "mark_y": f"{_height(average.value) - 0.75:.2f}",
                "value": figure(average.value),
                "range": figure_range(average),
            }
        drawn.append(point)
    return {"points": drawn, "label": label, "wide": str(max(1, len(drawn)) * BAR)}


def _height(score: float) -> float:
    """Return the place of a score from the top of the drawing, which goes from 0 to 100 points."""
    return HIGH - min(100.0, max(0.0, score))
