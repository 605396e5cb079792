"""Fold the events of a viewing into one row of a list: request, URL, its renewals, watched ranges, end.

Refusals and errors keep rows of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from recordings.audit.kinds import Kind, Outcome
from recordings.audit.opened import parsed
from recordings.models import AuditEvent
from recordings.trail.phrases import short

FOLDED = (Kind.VIEWING_REQUESTED, Kind.URL_ISSUED, Kind.URL_RENEWED, Kind.WATCHED, Kind.VIEWING_FINISHED)
FOLDED_OUTCOMES = (Outcome.GRANTED, Outcome.COMPLETED)


@dataclass
class Group:
    """The event that a row shows, and the number of others it represents; `since`: when the oldest was recorded."""

    shown: int
    folded: int = 0
    since: datetime | None = None


def fold(numbers: Sequence[int], most: int) -> list[Group]:
    """Fold consecutive events of a list into at most `most` groups, in the order of the numbers.

    Together the groups are the first `sum(1 + group.folded)` numbers, where the page ends. A row shows the end of its
    viewing, else what was watched last, else the request.
    """
    steps = _steps_of_viewings(numbers)
    groups: dict[object, Group] = {}
    for number in numbers:
        step = steps.get(number)
        key = step.viewing if step else number
        if key not in groups:
            if len(groups) == most:
                break
            groups[key] = Group(number)
        elif step:
            group = groups[key]
            shown = steps[group.shown]
            group.folded += 1
            group.since = min(shown.recorded_at, step.recorded_at, group.since or step.recorded_at)
            if (step.weight, number) > (shown.weight, group.shown):
                group.shown = number
    return list(groups.values())


@dataclass(frozen=True)
class _Step:
    viewing: str
    weight: int
    recorded_at: datetime


_WEIGHTS = {Kind.VIEWING_FINISHED: 3, Kind.WATCHED: 2, Kind.VIEWING_REQUESTED: 1}


def _steps_of_viewings(numbers: Sequence[int]) -> dict[int, _Step]:
    """Return which of these events are steps of a viewing, with one query."""
    rows = AuditEvent.objects.filter(id__in=numbers, kind__in=FOLDED)
    rows = rows.filter(outcome__in=FOLDED_OUTCOMES)
    steps = {}
    for number, kind, recorded_at, body in rows.values_list("id", "kind", "recorded_at", "body"):
        detail = parsed(bytes(body)).get("action_detail")
        viewing = detail.get("viewing") if isinstance(detail, dict) else None
        if isinstance(viewing, str) and viewing:
            steps[number] = _Step(viewing, _WEIGHTS.get(Kind(kind), 0), recorded_at)
    return steps


def viewing_name(viewing: str) -> str:
    """Return the id on a viewing's watermark, such as "V-1A2B3C4D"; empty for what is not a UUID."""
    name = short(viewing)
    return f"V-{name}" if len(viewing) == 36 and name.isalnum() else ""
