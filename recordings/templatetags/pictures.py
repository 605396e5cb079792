"""Small pictures drawn by the server as SVG: bars per day, what was watched of a recording, distances of scorers.

Only the geometry is made here; colours come from the stylesheet's classes, so that themes and print hold.
Numbers for SVG are handed over as text: Django would write 1000 as "1,000".
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from recordings.wording import local_day

register = template.Library()

BAR = 10  # width of one bar's place, in units of the drawing
HIGH = 100  # height of the drawing
WIDE = 1000  # length of the timeline

Span = tuple[int, int]


@register.inclusion_tag("parts/_bars.html")
def bars(points: Iterable[tuple[str, int]], label: str) -> dict[str, Any]:
    """Draw recordings per day: a bar for each (day, count), with their table. Negative counts are drawn as nothing."""
    rows = list(points)
    top = max((count for _, count in rows), default=0)
    drawn = [_bar(place, name, count, top) for place, (name, count) in enumerate(rows)]
    return {
        "bars": drawn,
        "label": label,
        "total": sum(count for _, count in rows),
        "top": top,
        "view_box": f"0 0 {max(1, len(rows)) * BAR} {HIGH}",
        "wide": str(max(1, len(rows)) * BAR),
    }


def _bar(place: int, name: str, count: int, top: int) -> dict[str, Any]:
    height = max(1.5, count / top * (HIGH - 2)) if count > 0 else 0.0
    return {
        "name": name,
        "count": count,
        "title": ngettext("%(day)s: %(count)s recording", "%(day)s: %(count)s recordings", count)
        % {"day": name, "count": number_format(count)},
        "x": f"{place * BAR + 1.5:.1f}",
        "y": f"{HIGH - height:.2f}",
        "height": f"{height:.2f}",
    }


@register.inclusion_tag("parts/_timeline.html")
def timeline(
    duration_ms: int | None,
    you: Iterable[Span] = (),
    everyone: Iterable[Span] = (),
    marks: Iterable[int] = (),
    at_ms: int = 0,
) -> dict[str, Any]:
    """What was watched of a recording, left to right. Spans are half-open, in milliseconds."""
    length = duration_ms if duration_ms and duration_ms > 0 else 0
    mine, all_together = merge(you), merge(everyone)
    return {
        "length": length,
        "you": [_box(span, length) for span in mine],
        "everyone": [_box(span, length) for span in all_together],
        "marks": [_place(mark, length) for mark in marks],
        "at": _place(at_ms, length),
        "at_ms": str(at_ms),
        "max": str(length),
        "you_words": _share(mine, length),
        "everyone_words": _share(all_together, length),
        "length_words": clock(length),
    }


def merge(spans: Iterable[Span]) -> list[Span]:
    """The same moments as few spans, in order, none empty and none touching the next."""
    merged: list[Span] = []
    for start, end in sorted(span for span in spans if span[1] > span[0]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def clock(milliseconds: int) -> str:
    """Write a length in milliseconds as 3:58, or as 1:02:07 from an hour on. Parts of a second are dropped."""
    minutes, seconds = divmod(max(0, milliseconds) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _share(spans: Sequence[Span], length: int) -> dict[str, str]:
    watched = sum(end - start for start, end in spans)
    percent = min(100, watched * 100 // length) if length else 0
    return {"clock": clock(watched), "percent": str(percent)}


def _place(milliseconds: int, length: int) -> str:
    return f"{min(1.0, max(0.0, milliseconds / length)) * WIDE:.2f}" if length else "0.00"


def _box(span: Span, length: int) -> dict[str, str]:
    start, end = (float(_place(edge, length)) for edge in span)
    return {
        "x": f"{start:.2f}",
        "width": f"{end - start:.2f}",
        "title": gettext("%(start)s to %(end)s") % {"start": clock(span[0]), "end": clock(span[1])},
    }


@register.inclusion_tag("reviews/calibration/_distances.html")
def distances(points: Sequence[Any], label: str, top: int) -> dict[str, Any]:
    """Draw a scorer's distances from agreed cards: a mark for each calibration, joined, with their table.

    `points` have `calibration`, `at`, `distance` and `recordings`. The scale goes from 0 to `top`.
    """
    message = gettext("%(day)s: %(distance)s points")
    marks = []
    for place, point in enumerate(points):
        day, far = local_day(point.at), f"{point.distance:f}".removesuffix(".00")
        marks.append(
            {
                "id": point.calibration.pk,
                "day": day,
                "distance": far,
                "recordings": point.recordings,
                "title": message % {"day": day, "distance": far},
                "x": f"{place * BAR + BAR / 2:.1f}",
                "y": f"{HIGH - float(point.distance) / top * (HIGH - 4):.2f}",
            }
        )
    return {
        "marks": marks,
        "label": label,
        "newest": marks[-1]["distance"],
        "top": top,
        "path": " ".join(f"{mark['x']},{mark['y']}" for mark in marks),
        "view_box": f"0 0 {len(marks) * BAR} {HIGH}",
        "wide": str(len(marks) * BAR),
    }
