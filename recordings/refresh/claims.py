"""Who works on what: due rows are claimed in PostgreSQL with a lease, so that two workers never take the same."""

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from recordings.models import CommBoxObject, Stream
from recordings.refresh import schedule

LISTING_LEASE = schedule.LEASE * 5

# A lease that ran out unreturned is a worker that died: it counts as an attempt and the next lease is longer, so an
# object that kills its worker each time is tried ever more rarely.
_CLAIM = """
WITH due AS (
    SELECT id FROM recordings_commboxobject
    WHERE refresh_due_at <= %(now)s AND (refresh_leased_until IS NULL OR refresh_leased_until <= %(now)s) {only}
    ORDER BY refresh_due_at
    LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE recordings_commboxobject o
SET refresh_attempts = o.refresh_attempts + (o.refresh_leased_until IS NOT NULL)::int,
    refresh_leased_until = %(now)s + %(lease)s
        * power(2, least(o.refresh_attempts + (o.refresh_leased_until IS NOT NULL)::int, 6))
FROM due WHERE o.id = due.id
RETURNING o.id
"""


def claim_due(most: int) -> list[int]:
    """Lease up to `most` due objects, the longest waiting first."""
    return _claim("", most)


def claim_one(object_id: int) -> bool:
    """Lease this object if it is due and nobody works on it."""
    return _claim("AND id = %(id)s", 1, id=object_id) == [object_id]


def _claim(only: str, most: int, **values: int) -> list[int]:
    facts: dict[str, Any] = {"now": timezone.now(), "most": most, "lease": schedule.LEASE, **values}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(only=only), facts)
        return [row[0] for row in cursor.fetchall()]


def give_back(object_ids: list[int]) -> None:
    """End the leases of objects that were not refreshed after all; they stay due."""
    CommBoxObject.objects.filter(pk__in=object_ids).update(refresh_leased_until=None)


@transaction.atomic
def claim_stream(now: datetime | None = None) -> Stream | None:
    """Lease one stream that is due for listing."""
    now = now or timezone.now()
    free = Q(list_leased_until=None) | Q(list_leased_until__lte=now)
    due = Stream.objects.filter(free, list_due_at__lte=now).order_by("list_due_at")
    stream = due.select_for_update(skip_locked=True, no_key=True).first()
    if stream is not None:
        Stream.objects.filter(pk=stream.pk).update(list_leased_until=now + LISTING_LEASE)
    return stream


def renew(stream: Stream) -> None:
    """Tell other workers that this listing still goes on."""
    leased = Stream.objects.filter(pk=stream.pk, list_leased_until__isnull=False)
    leased.update(list_leased_until=timezone.now() + LISTING_LEASE)
