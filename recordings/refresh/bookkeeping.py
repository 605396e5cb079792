"""What a refresh leaves on an object's own row: confirmed as of when, or why not; and when to look again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from recordings.commbox import CommBoxError
from recordings.models import CommBoxObject
from recordings.refresh import absence, schedule
from recordings.refresh.queue import queue_pressure

# Somebody may have asked for it while we were under way: our answer may be too old, and their wish stands.
_CONFIRM = """
UPDATE recordings_commboxobject o
SET refreshed_at = new.asked_at,
    refresh_due_at = CASE WHEN o.refresh_due_at > new.asked_at AND o.refresh_due_at <= %(now)s
                          THEN o.refresh_due_at ELSE new.due_at END,
    refresh_leased_until = NULL, refresh_leased_by = NULL, refresh_unfinished = false,
    refresh_attempts = 0, refresh_deaths = 0, refresh_error = '', refresh_error_at = NULL
FROM unnest(%(ids)s::bigint[], %(asked)s::timestamptz[], %(due)s::timestamptz[]) AS new (id, asked_at, due_at)
WHERE o.id = new.id
"""


class Confirmed(NamedTuple):
    """An object whose answer is stored: as of when, and whether a recording is missing from it."""

    thing: CommBoxObject
    asked_at: datetime
    has_missing: bool


def confirm(confirmed: Sequence[Confirmed]) -> None:
    """Note what was confirmed, as of when it was asked, and when to look again: one statement for all."""
    now = timezone.now()
    pressure = queue_pressure(now)
    values: dict[str, Any] = {
        "now": now,
        "ids": [one.thing.pk for one in confirmed],
        "asked": [one.asked_at for one in confirmed],
        "due": [_due_at(one, now, pressure) for one in confirmed],
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONFIRM, values)


def _due_at(one: Confirmed, now: datetime, pressure: float) -> datetime:
    pause = schedule.look_again_after(one.thing, now, pressure)
    return now + schedule.spread(min(pause, absence.SECOND_LOOK) if one.has_missing else pause)


@transaction.atomic
def note_failure(object_id: int, sentence: str, error: CommBoxError | None = None) -> None:
    """Say beside what we hold why it was not refreshed, and when that is tried again."""
    now = timezone.now()
    thing = CommBoxObject.objects.select_for_update(no_key=True).only("refresh_attempts").get(pk=object_id)
    attempts = thing.refresh_attempts + 1
    CommBoxObject.objects.filter(pk=object_id).update(
        refresh_due_at=now + schedule.spread(schedule.retry_after(error, attempts)),
        refresh_leased_until=None,
        refresh_leased_by=None,
        refresh_attempts=attempts,
        refresh_deaths=0,
        refresh_error=sentence,
        refresh_error_at=now,
    )
