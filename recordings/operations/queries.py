"""Queries of the operations page: the state of the source, what waits, what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from recordings.api_keys import keys
from recordings.commbox.assembly import budget_left
from recordings.models import (
    CommBoxObject,
    Delivery,
    Recording,
    RecordingState,
    SourceStatus,
    Stream,
)
from recordings.operations.banners import moment
from recordings.operations.run_pages import newest_runs, run_lines
from recordings.operations.unreadable import item_groups
from recordings.refresh import absence
from recordings.refresh.leases import DEATHS
from recordings.refresh.source_health import source_health
from recordings.webhooks.hints import DeliveryOutcome

OVERDUE = timedelta(minutes=5)
PROBLEMS_SHOWN = 5
RUNS_SHOWN = 8


@dataclass(frozen=True)
class Queue:
    """What waits to be refreshed."""

    due: int
    overdue: int
    oldest_due_at: datetime | None


def queue() -> Queue:
    """Due and overdue objects; the age of the oldest says more than their number."""
    now = timezone.now()
    late = Count("pk", filter=Q(refresh_due_at__lte=now - OVERDUE))
    due = CommBoxObject.objects.filter(refresh_due_at__lte=now)
    return Queue(**due.aggregate(due=Count("pk"), overdue=late, oldest_due_at=Min("refresh_due_at")))


def streams() -> QuerySet[Stream]:
    """Every stream with its last listing."""
    return Stream.objects.order_by("id")


def set_aside() -> QuerySet[CommBoxObject]:
    """Objects that ended their worker so often that they are left alone (F19). By the index of what failed."""
    return failed().filter(refresh_due_at=None, refresh_deaths__gte=DEATHS).order_by("-refresh_error_at")


def failed() -> QuerySet[CommBoxObject]:
    """Objects whose last refresh failed."""
    return CommBoxObject.objects.filter(refresh_error_at__isnull=False)


def failing_objects(most: int = 10) -> list[CommBoxObject]:
    """Objects whose last refresh failed: those that were set aside first, then the newest failure."""
    aside = list(set_aside()[:most])
    others = failed().exclude(pk__in=[thing.pk for thing in aside])
    return aside + list(others.order_by("-refresh_error_at")[:most])


def unlisted_places(most: int = 20) -> Sequence[Mapping[str, Any]]:
    """Hosts of recordings that are not playable, with the reason: one line per place, not one per recording."""
    host = RawSQL("split_part(recordings_recording.url, '/', 3)", ())
    refused = Recording.objects.filter(state=RecordingState.NOT_PLAYABLE)
    groups = refused.annotate(host=host).values("host", "state_reason").annotate(files=Count("pk"))
    return list(groups.order_by("-files", "host")[:most])


@dataclass(frozen=True)
class DeliveryLine:
    """A delivery as the operations page shows it."""

    delivery: Delivery
    sentence: str


OUTCOMES = {outcome.value: outcome.sentence for outcome in DeliveryOutcome}


def deliveries(most: int = 20) -> list[DeliveryLine]:
    """The newest webhook deliveries and what became of them."""
    return [
        DeliveryLine(delivery, OUTCOMES.get(delivery.outcome, ""))
        for delivery in Delivery.objects.order_by("-received_at")[:most]
    ]


def figures() -> dict[str, Any]:
    """The figures on top of the operations page, which it fetches again and again."""
    status = SourceStatus.objects.filter(pk=1).first() or SourceStatus()
    waiting = queue()
    return {
        "source": status,
        "health": source_health(status),
        "queue": waiting,
        "set_aside": set_aside().count(),
        "oldest": _since("the oldest since", waiting.oldest_due_at) or "nothing waits",
    }


def operations() -> dict[str, Any]:
    """The context of the operations page."""
    return {
        **figures(),
        "missing": absence.in_question(),
        "budget": budget_left(),
        "streams": list(streams()),
        "runs": run_lines(list(newest_runs()[:RUNS_SHOWN])),
        "keys": keys.key_lines(),
        "failing": failing_objects(),
        "failing_count": failed().count(),
        "problems": item_groups(),
        "problems_shown": PROBLEMS_SHOWN,
        "places": unlisted_places(),
        "deliveries": deliveries(),
    }


def _since(words: str, when: datetime | None) -> str:
    return f"{words} {moment(when)}" if when else ""
