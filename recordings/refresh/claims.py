"""Who works on what: due rows are claimed in PostgreSQL with a lease, so that two workers never take the same."""

from datetime import datetime
from typing import Any

import structlog
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from recordings.models import CommBoxObject, Stream
from recordings.refresh import schedule

logger = structlog.get_logger("portal.refresh")

LISTING_LEASE = schedule.LEASE * 5

DEATHS = 3
SET_ASIDE = (
    f"Its refresh ended together with its worker {DEATHS} times. It is set aside until somebody asks for it."
)

# A lease that ran out unreturned is a worker that died. An object that is found so three times is set aside, with the
# reason, and is due no more (F19); everything else flows.
_CLAIM = """
WITH due AS (
    SELECT id FROM recordings_commboxobject
    WHERE refresh_due_at <= %(now)s AND (refresh_leased_until IS NULL OR refresh_leased_until <= %(now)s) {only}
    ORDER BY refresh_due_at
    LIMIT %(most)s
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE recordings_commboxobject o
SET refresh_deaths = o.refresh_deaths + died.one,
    refresh_leased_until = CASE WHEN died.last THEN NULL ELSE %(now)s + %(lease)s END,
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
    """Lease up to `most` due objects, the longest waiting first."""
    return _claim("", most)


def claim_one(object_id: int) -> bool:
    """Lease this object if it is due and nobody works on it."""
    return _claim("AND id = %(id)s", 1, id=object_id) == [object_id]


def _claim(only: str, most: int, **values: int) -> list[int]:
    facts: dict[str, Any] = {"now": timezone.now(), "most": most, "lease": schedule.LEASE, **values}
    facts |= {"deaths": DEATHS, "aside": SET_ASIDE}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(only=only), facts)
        rows = cursor.fetchall()
    for object_id in (object_id for object_id, aside in rows if aside):
        logger.error("object set aside", object_id=object_id)
    return [object_id for object_id, aside in rows if not aside]


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
