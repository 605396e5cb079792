"""Who is to be reminded of recordings to supervise: once a day, while a deadline is near or over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import time
from typing import Any

from django.contrib.auth import get_user_model

from recordings.audit import Actor, Kind, Target, record
from recordings.days import latest
from recordings.models import AuditEvent
from recordings.permissions import Permission
from recordings.reviews.supervision import checks, queue

BY = Actor.system("supervision")
HOUR = time(5, 0)


@dataclass(frozen=True)
class Due:
    """What a person is reminded of. `near`: decisions due within two days; `overdue` are among them."""

    person: Any
    near: int
    overdue: int
    checks: int


def due_now() -> Iterator[Due]:
    """Yield each person with something due who was not reminded since today's hour."""
    told = AuditEvent.objects.filter(kind=Kind.SUPERVISION_REMINDED, recorded_at__gte=latest(HOUR))
    done = set(told.values_list("target_ref", flat=True))
    for person in get_user_model().objects.holding(Permission.SUPERVISE).order_by("full_name", "username"):
        if f"user:{person.pk}" in done:
            continue
        near, overdue = queue.due_of(person, queue.QueueFilters(deadline="soon"))
        due = Due(person, near, overdue, checks.checks_to_do(person).count())
        if due.near or due.checks:
            yield due


def record_reminded(due: Due) -> None:
    """Record that a mail was sent."""
    detail = {"due": due.near, "overdue": due.overdue, "checks": due.checks}
    record(Kind.SUPERVISION_REMINDED, by=BY, target=Target.of(due.person), detail=detail)
