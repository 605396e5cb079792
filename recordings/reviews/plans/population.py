"""What a sample is drawn from: the units of a plan and a period, why others are left out, and the stored file."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BufferedIOBase, BytesIO
from tempfile import TemporaryFile
from typing import IO, cast

from django.db.models import Exists, OuterRef, Q, QuerySet

from recordings.models import (
    PlanGroup,
    PopulationPiece,
    Recording,
    RecordingState,
    Sample,
    SamplePick,
    SamplingPlan,
)
from recordings.reach import Reach
from recordings.reviews.plans.errors import RecordBroken
from recordings.reviews.plans.periods import Span, edges, part_of
from recordings.reviews.plans.scorers import Place, Scorer
from recordings.reviews.queries import counted_evaluations
from recordings.sampling.population import unit_id

NOT_PLAYABLE, EVALUATED, DRAWN, OUT_OF_REACH = "not_playable", "evaluated", "drawn", "out_of_reach"
PIECE_BYTES = 4 << 20
_NOBODY = "-"
_CANNOT_BE_WATCHED = (
    RecordingState.NOT_PLAYABLE,
    RecordingState.VANISHED,
    RecordingState.FILE_MISSING,
    RecordingState.STORAGE_REFUSED,
)
_COLUMNS = (
    "pk",
    "object__agent_id",
    "object__agent__team_id",
    "object__stream_id",
    "object__sensitivity",
    "duration_seconds",
    "shown_at",
    "state",
    "is_evaluated",
    "is_drawn",
)


@dataclass(frozen=True)
class Units:
    """The units of a population, each with its stratum, and how many recordings were left out, by reason."""

    units: list[tuple[str, str]]
    exclusions: dict[str, int]


def matching(plan: SamplingPlan, span: Span) -> QuerySet[Recording]:
    """Return the recordings of a period that the plan's filters match, within what its author could reach."""
    start, end = span
    found = Recording.objects.filter(shown_at__gte=start, shown_at__lt=end)
    found = found.filter(Reach.from_detail(plan.scopes).q("object__"))
    if plan.channels:
        found = found.filter(object__stream_id__in=plan.channels)
    if plan.agents or plan.teams:
        found = found.filter(Q(object__agent_id__in=plan.agents) | Q(object__agent__team_id__in=plan.teams))
    if plan.shortest_seconds is not None:
        found = found.filter(duration_seconds__gte=plan.shortest_seconds)
    if plan.longest_seconds is not None:
        found = found.filter(duration_seconds__lte=plan.longest_seconds)
    return found


def units_of(plan: SamplingPlan, span: Span, scorers: list[Scorer]) -> Units:
    """List the units of a period. Left out, each for the first reason that applies, is what cannot be watched, was
    evaluated, was drawn for any plan, or may be evaluated by none of the scorers."""
    evaluated = counted_evaluations().filter(recording=OuterRef("pk"))
    drawn = SamplePick.objects.filter(recording=OuterRef("pk"), skip=None)
    rows = matching(plan, span).annotate(is_evaluated=Exists(evaluated), is_drawn=Exists(drawn))
    marks = edges(span, plan.parts)[:-1]
    left_out: Counter[str] = Counter()
    units = []

    @lru_cache(maxsize=100_000)
    def may_be_scored(place: Place) -> bool:
        return any(scorer.may_take(place) for scorer in scorers)

    for (
        pk,
        agent,
        team,
        stream,
        sensitivity,
        seconds,
        shown_at,
        state,
        is_evaluated,
        is_drawn,
    ) in rows.values_list(*_COLUMNS).iterator(chunk_size=10_000):
        if state in _CANNOT_BE_WATCHED:
            left_out[NOT_PLAYABLE] += 1
        elif is_evaluated:
            left_out[EVALUATED] += 1
        elif is_drawn:
            left_out[DRAWN] += 1
        elif not may_be_scored(Place(stream, agent, sensitivity)):
            left_out[OUT_OF_REACH] += 1
        else:
            of = {PlanGroup.AGENT: agent, PlanGroup.TEAM: team, PlanGroup.CHANNEL: stream}
            name = "" if plan.group == PlanGroup.ALL else str(of[PlanGroup(plan.group)] or _NOBODY)
            part = str(part_of(marks, shown_at)) if plan.parts > 1 else ""
            length_ms = None if seconds is None or seconds < 0 else seconds * 1000
            unit = unit_id(pk, agent=agent, length_ms=length_ms)
            units.append((unit, "/".join(filter(None, [name, part]))))
    return Units(units, dict(left_out))


class Pieces:
    """Writes a population file as rows, PIECE_BYTES each."""

    def __init__(self, sample: Sample) -> None:
        self._sample, self._waiting, self._number = sample, BytesIO(), 0

    def write(self, data: bytes) -> int:
        """Append."""
        self._waiting.write(data)
        if self._waiting.tell() >= PIECE_BYTES:
            self.flush()
        return len(data)

    def flush(self) -> None:
        """Store what was written."""
        if data := self._waiting.getvalue():
            PopulationPiece.objects.create(sample=self._sample, number=self._number, data=data)
            self._waiting, self._number = BytesIO(), self._number + 1


def read_pieces(sample: Sample) -> Iterator[bytes]:
    """Yield the population file in pieces."""
    numbers = sample.pieces.order_by("number").values_list("number", flat=True)
    for number in list(numbers):
        yield bytes(sample.pieces.values_list("data", flat=True).get(number=number))


def population_file(sample: Sample) -> BufferedIOBase:
    """Return a sample's population as a temporary file. Raises RecordBroken when its hash is not the frozen one."""
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 (the caller closes it)
    digest = hashlib.sha256()
    for piece in read_pieces(sample):
        digest.update(piece)
        file.write(piece)
    if digest.hexdigest() != sample.population_hash:
        file.close()
        raise RecordBroken
    file.seek(0)
    return cast("BufferedIOBase", file)
