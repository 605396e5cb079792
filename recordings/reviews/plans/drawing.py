"""Draw a sample, replace what is skipped, and draw again from the record. The rule is docs/sampling.md."""

import hashlib
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import Sample, SamplePick, SampleSkip
from recordings.reviews.plans.assigning import assign_open_picks, end_assignment
from recordings.reviews.plans.checkpoints import Waiting, seed_after
from recordings.reviews.plans.errors import AlreadyDone
from recordings.reviews.plans.freezing import target_of
from recordings.reviews.plans.population import DRAWN, EVALUATED, population_file
from recordings.reviews.queries import counted_evaluations
from recordings.sampling.draw import Pick, draw, seed

PORTAL = Actor.system("plans")
BY_HAND = "by_hand"


@transaction.atomic
def draw_sample(sample_id: UUID) -> Waiting | None:
    """Draw a frozen sample and share it out, when its checkpoint is there; else return what it waits for.

    Picks, assignments and events are one transaction: killed half-way, nothing was drawn.
    """
    sample = _locked(sample_id)
    if sample.drawn_at or sample.plan.ended_at:
        return None
    found = seed_after(sample.frozen_event)
    if isinstance(found, Waiting):
        return found
    sample.seed_lines = b"".join(found.lines).decode()
    skipped: dict[str, str] = {}
    picks = _settled(sample, skipped)
    sample.drawn_at, sample.self_drawn = timezone.now(), found.self_drawn
    sample.checkpoint_size, sample.checkpoint_origin = found.size, found.origin
    detail: dict[str, Any] = {
        "plan": str(sample.plan_id),
        "draw": sample.draw,
        "population_hash": sample.population_hash,
        "lines": sample.seed_lines.splitlines(),
        "self_drawn": "yes" if found.self_drawn else "no",
        "checkpoint_size": found.size,
        "checkpoint_origin": found.origin,
        "picks": sum(not pick.skipped for pick in picks),
        "picks_hash": hash_of(picks),
    }
    sample.drawn_event = record(Kind.SAMPLE_DRAWN, by=PORTAL, target=target_of(sample), detail=detail)
    sample.save(
        update_fields=[
            "drawn_at",
            "drawn_event",
            "checkpoint_size",
            "checkpoint_origin",
            "seed_lines",
            "self_drawn",
        ]
    )
    _add(sample, picks)
    _add_skips(sample, skipped, by=PORTAL)
    assign_open_picks(sample, by=PORTAL)
    return None


@transaction.atomic
def skip_pick(*, pick: SamplePick, reason: str, by: Actor) -> None:
    """Skip a pick with a reason; the next rank of its stratum replaces it. Raises AlreadyDone."""
    sample = _locked(pick.sample_id)
    current = pick.assignments.select_for_update().filter(ended_at=None).first()
    if SampleSkip.objects.filter(pick=pick).exists() or _is_evaluated(pick):
        raise AlreadyDone
    if current:
        end_assignment(current)
    _add_skips(sample, {pick.unit: BY_HAND}, by=by, reason=reason)
    before = set(sample.picks.values_list("unit", flat=True))
    recorded = skipped_of(sample)
    skipped = dict(recorded)
    picks = _settled(sample, skipped, before)
    _add(sample, [found for found in picks if found.unit not in before])
    _add_skips(sample, {unit: code for unit, code in skipped.items() if unit not in recorded}, by=PORTAL)
    if not sample.plan.ended_at:
        assign_open_picks(sample, by=PORTAL)


@dataclass(frozen=True)
class Again:
    """A sample drawn again from its record: the seed, the picks, and whether they are the stored ones."""

    seed: str
    picks: list[Pick]
    is_same: bool


def draw_again(sample: Sample) -> Again:
    """Compute the picks of a drawn sample again. Raises RecordBroken, BadDraw and BadPopulation."""
    lines = _lines(sample)
    with closing(population_file(sample)) as file:
        picks = draw(file, lines, sample.number, list(skipped_of(sample)))
    found = {(pick.stratum, pick.unit, pick.rank) for pick in picks}
    rows = sample.picks.values_list("stratum", "unit", "rank")
    stored = {(stratum, unit, bytes(rank)) for stratum, unit, rank in rows}
    return Again(seed(sample.population_hash, lines).hex(), picks, found == stored)


def skipped_of(sample: Sample) -> dict[str, str]:
    """Return the skipped units of a sample, each with the code of its reason."""
    return dict(SampleSkip.objects.filter(pick__sample=sample).values_list("pick__unit", "code"))


def lines_of(picks: Iterable[Pick]) -> str:
    """Write the picks that are not skipped as the lines of docs/sampling.md print them."""
    return "".join(f"{pick.stratum}\t{pick.unit}\n" for pick in picks if not pick.skipped)


def hash_of(picks: Iterable[Pick]) -> str:
    """Return the SHA-256 of the picks as `lines_of` writes them."""
    return hashlib.sha256(lines_of(picks).encode()).hexdigest()


def _settled(sample: Sample, skipped: dict[str, str], known: Iterable[str] = ()) -> list[Pick]:
    """Draw, and skip what another plan drew or somebody evaluated since the freezing: it is added to `skipped`.

    `known`: units that the sample has. One draw at a time, so that two plans never take the same recording.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('recordings.plans.draw'))")
    had = set(known)
    with closing(population_file(sample)) as file:
        while True:
            picks = draw(file, _lines(sample), sample.number, list(skipped))
            new = {_recording(pick): pick for pick in picks if not pick.skipped and pick.unit not in had}
            taken = _taken(new)
            if not taken:
                return picks
            skipped |= {new[recording].unit: code for recording, code in taken.items()}


def _taken(recordings: Iterable[UUID]) -> dict[UUID, str]:
    ids = list(recordings)
    drawn = SamplePick.objects.filter(recording__in=ids, skip=None).values_list("recording", flat=True)
    evaluated = counted_evaluations().filter(recording__in=ids)
    return dict.fromkeys(drawn, DRAWN) | dict.fromkeys(
        evaluated.values_list("recording", flat=True), EVALUATED
    )


def _add(sample: Sample, picks: Iterable[Pick]) -> None:
    now = timezone.now()
    SamplePick.objects.bulk_create(
        SamplePick(
            sample=sample,
            recording_id=_recording(pick),
            unit=pick.unit,
            stratum=pick.stratum,
            rank=pick.rank,
            picked_at=now,
        )
        for pick in picks
    )


def _add_skips(sample: Sample, codes: dict[str, str], *, by: Actor, reason: str = "") -> None:
    rows = sample.picks.filter(unit__in=codes).select_related("recording__object").order_by("unit")
    for pick in rows:
        event = record(
            Kind.SAMPLE_SKIPPED,
            by=by,
            target=Target.of(pick.recording),
            detail={"sample": str(sample.pk), "code": codes[pick.unit]},
            private={"reason": reason},
        )
        SampleSkip.objects.create(pick=pick, code=codes[pick.unit], skipped_at=timezone.now(), event_id=event)


def _is_evaluated(pick: SamplePick) -> bool:
    return pick.assignments.filter(evaluation__submitted_at__isnull=False).exists()


def _lines(sample: Sample) -> list[bytes]:
    return [line.encode() for line in sample.seed_lines.splitlines(keepends=True)]


def _recording(pick: Pick) -> UUID:
    return UUID(pick.unit.partition("/")[0])


def _locked(sample_id: UUID) -> Sample:
    return Sample.objects.select_for_update(of=("self",)).select_related("plan").get(pk=sample_id)
