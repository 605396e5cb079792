"""How far each scorer was from the agreed cards, calibration by calibration."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from recordings.models import Calibration, EvaluationScore
from recordings.reviews.calibration.compared import distance
from recordings.reviews.calibration.queries import Progress, calibrations_of

MOST = 200
_CENTS = Decimal("0.01")
_LOWEST_TOP = 10


@dataclass(frozen=True)
class Point:
    """A calibration: the mean of |score - agreed score| over the recordings that were scored and agreed."""

    calibration: Calibration
    at: datetime
    distance: Decimal
    recordings: int


@dataclass(frozen=True)
class ScorerLine:
    """A scorer's points, the oldest first."""

    name: str
    points: list[Point]

    @property
    def newest(self) -> Point:
        return self.points[-1]


def top_of(lines: Iterable[ScorerLine]) -> int:
    """Return where one scale for all lines ends: at the largest distance, at least at 10 points."""
    distances = [math.ceil(point.distance) for line in lines for point in line.points]
    return max(_LOWEST_TOP, *distances) if distances else _LOWEST_TOP


def lines_of(person: Any) -> list[ScorerLine]:
    """List scorers by name, each with their distances: all of the calibrations this person manages, else their own."""
    seen = [
        progress for progress in calibrations_of(person, MOST) if progress.is_revealed and progress.agreed
    ]
    rows = EvaluationScore.objects.filter(evaluation__calibration__in=[progress.row for progress in seen])
    mine: dict[tuple[Any, UUID], dict[int, Any]] = defaultdict(dict)
    cards: dict[tuple[Any, UUID], Any] = {}
    for calibration, recording, scorer, is_card, result in rows.order_by("scored_at").values_list(
        "evaluation__calibration_id",
        "evaluation__recording_id",
        "evaluation__scorer_id",
        "evaluation__is_agreed_card",
        "result",
    ):
        if is_card:
            cards[calibration, recording] = result
        else:
            mine[calibration, recording][scorer] = result

    points: dict[int, list[Point]] = defaultdict(list)
    names: dict[int, str] = {}
    for progress in reversed(seen):
        is_manager = progress.may_be_managed_by(person)
        for scorer in progress.people:
            if not (is_manager or scorer.pk == person.pk):
                continue
            if point := _point(progress, scorer.pk, mine, cards):
                names[scorer.pk] = str(scorer.display_name)
                points[scorer.pk].append(point)
    lines = [ScorerLine(names[scorer], found) for scorer, found in points.items()]
    return sorted(lines, key=lambda line: line.name.casefold())


def _point(progress: Progress, scorer: int, mine: Any, cards: Any) -> Point | None:
    found = []
    for recording in progress.recordings:
        key = progress.row.pk, recording.pk
        if key in cards and scorer in mine[key]:
            points = distance(mine[key][scorer], cards[key])
            found += [] if points is None else [abs(points)]
    if not found:
        return None
    mean = (sum(found, Decimal(0)) / len(found)).quantize(_CENTS, ROUND_HALF_UP)
    return Point(progress.row, progress.row.created_at, mean, len(found))
