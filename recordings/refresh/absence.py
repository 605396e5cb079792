"""Mark recordings that CommBox no longer reports: one at its second absence, many at once only after confirmation.

A recording that a response omits gets a time (`missed_at`), and its object is refreshed again. Only a later response
that omits it too marks it as vanished, as of the first time. While more than a fifth of the recordings refreshed in the
last hour are missing, none is marked: a CommBox that reports "no recordings" for everything must not empty the catalog.
"""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, record
from recordings.models import Recording, SourceStatus

logger = structlog.get_logger("portal.refresh")

SECOND_LOOK = timedelta(minutes=5)
RUN = timedelta(hours=1)
MOST_SHARE = 0.2
FEWEST = 5  # below this number a share is meaningless
ACCEPTED_FOR = timedelta(hours=1)


def markable_before(now: datetime) -> datetime | None:
    """Return the time before which an absence must have been noticed to be marked; None while too many are missing."""
    return None if _is_mass_absence(now) else now - SECOND_LOOK


def in_question() -> int:
    """Count the recordings that are missing from CommBox's last response and not marked."""
    return Recording.objects.filter(missed_at__isnull=False, vanished_at=None).count()


def update_alarm(now: datetime | None = None) -> None:
    """Raise the alarm when too many recordings are missing; clear it once all are reported again."""
    now = now or timezone.now()
    status = SourceStatus.objects.filter(pk=1).first()
    if status is not None and status.mass_absence_since:
        if not in_question():
            SourceStatus.objects.filter(pk=1).update(mass_absence_since=None)
    elif _too_much(now) and not (status and _accepted(status, now)):
        SourceStatus.objects.update_or_create(pk=1, defaults={"mass_absence_since": now})
        logger.error("mass absence", missing=in_question())


def accept(*, by: Actor) -> int:
    """Confirm that the missing recordings are gone, and return how many. Their next refresh marks them."""
    now = timezone.now()
    missing = in_question()
    with transaction.atomic():
        SourceStatus.objects.filter(pk=1).update(
            mass_absence_since=None, mass_absence_accepted_until=now + ACCEPTED_FOR
        )
        record(Kind.MASS_ABSENCE_ACCEPTED, by=by, detail={"recordings": missing})
    return missing


def _is_mass_absence(now: datetime) -> bool:
    update_alarm(now)
    return SourceStatus.objects.filter(pk=1, mass_absence_since__isnull=False).exists()


def _accepted(status: SourceStatus, now: datetime) -> bool:
    until = status.mass_absence_accepted_until
    return until is not None and now < until


def _too_much(now: datetime) -> bool:
    missing = Recording.objects.filter(missed_at__gte=now - RUN).count()
    if missing < FEWEST:
        return False
    asked = Recording.objects.filter(object__refreshed_at__gte=now - RUN).count()
    return missing > MOST_SHARE * max(asked, missing)
