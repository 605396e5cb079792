"""Put what a sampling plan drew into the queue of supervision."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from recordings.audit import Actor
from recordings.models import ItemSource, Sample
from recordings.reviews.plans.queries import sample_of, visible_plans
from recordings.reviews.supervision.items import add_to_queue
from recordings.reviews.supervision.rules import may_supervise

SHOWN = 20


@dataclass(frozen=True)
class Queued:
    """What became of the picks of a sample. `beyond`: the person may not supervise them."""

    added: int = 0
    known: int = 0
    beyond: int = 0


def samples_of(person: Any) -> list[Sample]:
    """List the newest drawn samples of the plans that a person may see."""
    rows = Sample.objects.filter(plan__in=visible_plans(person), drawn_at__isnull=False)
    return list(rows.select_related("plan").order_by("-drawn_at", "-pk")[:SHOWN])


@transaction.atomic
def queue_sample(*, sample_id: UUID, person: Any, by: Actor) -> Queued:
    """Put the picks of a sample into the queue, without those that were skipped.

    Raises UnknownSample for one that the person may not see.
    """
    sample = sample_of(person, sample_id)
    added = known = beyond = 0
    picks = sample.picks.filter(skip=None).select_related("recording__object").order_by("stratum", "rank")
    for pick in picks.defer("recording__raw", "recording__object__raw"):
        if not may_supervise(person, pick.recording.object):
            beyond += 1
            continue
        _item, is_new = add_to_queue(
            recording=pick.recording,
            source=ItemSource.PLAN,
            source_ref=f"sample:{sample.pk}",
            by=by,
            person=person,
        )
        added, known = added + is_new, known + (not is_new)
    return Queued(added, known, beyond)
