"""Read what the operations page shows: the state of CommBox, the queue, and what went wrong."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext

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
from recordings.operations.run_pages import newest_runs, run_lines
from recordings.operations.times import moment
from recordings.operations.unreadable import item_groups
from recordings.refresh import absence
from recordings.refresh.leases import DEATHS
from recordings.refresh.source_health import source_health
from recordings.webhooks.hints import DeliveryOutcome
from recordings.wording import stored

OVERDUE = timedelta(minutes=5)
PROBLEMS_SHOWN = 5
RUNS_SHOWN = 8


@dataclass(frozen=True)
class Queue:
    """Objects that are due for a refresh. `overdue`: for longer than OVERDUE."""

    due: int
    overdue: int
    oldest_due_at: datetime | None


def queue() -> Queue:
    """Count due and overdue objects."""
    now = timezone.now()
    late = Count("pk", filter=Q(refresh_due_at__lte=now - OVERDUE))
    due = CommBoxObject.objects.filter(refresh_due_at__lte=now)
    return Queue(**due.aggregate(due=Count("pk"), overdue=late, oldest_due_at=Min("refresh_due_at")))


def streams() -> QuerySet[Stream]:
    """Return every channel with its last listing."""
    return Stream.objects.order_by("id")


def set_aside() -> QuerySet[CommBoxObject]:
    """Return objects whose refresh crashed its worker so often that it is not retried automatically."""
    return failed().filter(refresh_due_at=None, refresh_deaths__gte=DEATHS).order_by("-refresh_error_at")


def failed() -> QuerySet[CommBoxObject]:
    """Return objects whose last refresh failed."""
    return CommBoxObject.objects.filter(refresh_error_at__isnull=False)


def failing_objects(most: int = 10) -> list[CommBoxObject]:
    """Return objects whose last refresh failed: those that are not retried first, then the newest failure."""
    aside = list(set_aside()[:most])
    others = failed().exclude(pk__in=[thing.pk for thing in aside])
    return aside + list(others.order_by("-refresh_error_at")[:most])


def refused_hosts(most: int = 20) -> Sequence[Mapping[str, Any]]:
    """Count the recordings that cannot be played by host and reason."""
    host = RawSQL("split_part(recordings_recording.url, '/', 3)", ())
    refused = Recording.objects.filter(state=RecordingState.NOT_PLAYABLE)
    groups = refused.annotate(host=host).values("host", "state_reason").annotate(files=Count("pk"))
    return list(groups.order_by("-files", "host")[:most])


@dataclass(frozen=True)
class DeliveryLine:
    """A delivery, and the sentence that says what became of it."""

    delivery: Delivery
    sentence: str


OUTCOMES = {outcome.value: outcome.sentence for outcome in DeliveryOutcome}


def deliveries(most: int = 20) -> list[DeliveryLine]:
    """Return the newest webhook deliveries and what became of them."""
    return [
        DeliveryLine(delivery, stored(OUTCOMES.get(delivery.outcome, "")))
        for delivery in Delivery.objects.order_by("-received_at")[:most]
    ]


def figures() -> dict[str, Any]:
    """Return the context of the figures at the top of the page, which it polls."""
    status = SourceStatus.objects.filter(pk=1).first() or SourceStatus()
    waiting = queue()
    return {
        "source": status,
        "health": source_health(status),
        "queue": waiting,
        "set_aside": set_aside().count(),
        "oldest": gettext("oldest since %(time)s") % {"time": moment(waiting.oldest_due_at)}
        if waiting.oldest_due_at
        else gettext("none waiting"),
    }


def operations() -> dict[str, Any]:
    """Return the context of the whole page."""
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
        "hosts": refused_hosts(),
        "deliveries": deliveries(),
    }
