"""Lease due objects and channels to one worker at a time, in their PostgreSQL rows.

A lease expires after its time, or at once when the database session that took it ends: a killed worker's objects are
free within a second. One of them may have crashed the worker, so each is then a suspect and is refreshed alone until a
refresh of it succeeds. Only the one that crashes its worker DEATHS times is no longer retried automatically.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings.models import CommBoxObject, Stream
from recordings.refresh import schedule

logger = structlog.get_logger("portal.refresh")

LISTING_LEASE = schedule.LEASE * 5

DEATHS = 3
SET_ASIDE = gettext_noop("Its refresh crashed the worker three times. It is not retried automatically.")

# Not leased, and not a suspect.
_FREE = "refresh_leased_until IS NULL AND refresh_deaths = 0"
# Expired, or its session has ended. A row without a session was leased by an earlier release; only its time counts.
_ENDED = """(refresh_leased_until <= %(now)s
             OR refresh_leased_until IS NOT NULL AND refresh_leased_by NOT IN (SELECT pid FROM pg_stat_activity))"""
_SUSPECT = f"({_ENDED} OR refresh_leased_until IS NULL AND refresh_deaths > 0)"
_THIS = f"id = %(id)s AND (refresh_leased_until IS NULL OR {_ENDED})"

_CLAIM = """
WITH due AS (
    SELECT id FROM recordings_commboxobject
    WHERE refresh_due_at <= %(now)s AND {which}
    ORDER BY refresh_due_at
    LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE recordings_commboxobject o
SET refresh_deaths = o.refresh_deaths + died.one,
    refresh_leased_until = CASE WHEN died.last THEN NULL ELSE %(now)s + %(lease)s END,
    refresh_leased_by = CASE WHEN died.last THEN NULL ELSE pg_backend_pid() END,
    refresh_due_at = CASE WHEN died.last THEN NULL ELSE o.refresh_due_at END,
    refresh_error = CASE WHEN died.last THEN %(aside)s ELSE o.refresh_error END,
    refresh_error_at = CASE WHEN died.last THEN %(now)s ELSE o.refresh_error_at END
FROM due JOIN recordings_commboxobject was USING (id),
    LATERAL (SELECT (was.refresh_leased_until IS NOT NULL)::int AS one,
                    was.refresh_leased_until IS NOT NULL AND was.refresh_deaths + 1 >= %(deaths)s AS last) AS died
WHERE o.id = due.id
RETURNING o.id, died.last
"""


def claim_due(most: int) -> list[int]:
    """Lease up to `most` due objects that are not suspects, the longest due first."""
    return _claim(_FREE, most)[0]


def claim_suspect() -> int | None:
    """Lease one due suspect; None when there is none."""
    leased, aside = _claim(_SUSPECT, 1)
    while aside and not leased:
        leased, aside = _claim(_SUSPECT, 1)
    return leased[0] if leased else None


def claim_one(object_id: int) -> bool:
    """Lease this object if it is due and not leased."""
    return _claim(_THIS, 1, id=object_id)[0] == [object_id]


def _claim(which: str, most: int, **more: int) -> tuple[list[int], list[int]]:
    """Lease due objects for this session; return their ids, and the ids of those that are no longer retried."""
    values: dict[str, Any] = {"now": timezone.now(), "most": most, "lease": schedule.LEASE, **more}
    values |= {"deaths": DEATHS, "aside": SET_ASIDE}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(which=which), values)
        rows = cursor.fetchall()
    aside = [object_id for object_id, last in rows if last]
    for object_id in aside:
        logger.error("object no longer retried", object_id=object_id)
    return [object_id for object_id, last in rows if not last], aside


def extend(object_ids: Iterable[int]) -> None:
    """Extend the leases of objects that are still being refreshed."""
    leased = CommBoxObject.objects.filter(pk__in=list(object_ids), refresh_leased_until__isnull=False)
    leased.update(refresh_leased_until=timezone.now() + schedule.LEASE)


def release(object_ids: Iterable[int]) -> None:
    """Release objects that were not refreshed; they stay due."""
    if ids := list(object_ids):
        CommBoxObject.objects.filter(pk__in=ids).update(refresh_leased_until=None, refresh_leased_by=None)


@transaction.atomic
def claim_stream(now: datetime | None = None) -> Stream | None:
    """Lease one channel that is due for listing; None when there is none."""
    now = now or timezone.now()
    free = Q(list_leased_until=None) | Q(list_leased_until__lte=now)
    due = Stream.objects.filter(free, list_due_at__lte=now).order_by("list_due_at")
    stream = due.select_for_update(skip_locked=True, no_key=True).first()
    if stream is not None:
        Stream.objects.filter(pk=stream.pk).update(list_leased_until=now + LISTING_LEASE)
    return stream


def extend_listing(stream: Stream) -> None:
    """Extend the lease of a listing that is still running."""
    leased = Stream.objects.filter(pk=stream.pk, list_leased_until__isnull=False)
    leased.update(list_leased_until=timezone.now() + LISTING_LEASE)
