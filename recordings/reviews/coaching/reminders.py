"""Who is to be reminded of what: sessions to acknowledge and viewings to complete, due within a day or overdue."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import AssignedViewing, CoachingSession, Exemplar

BY = Actor.system("training")
AHEAD = timedelta(days=1)
# A little less than a day, so that a daily task which runs some minutes earlier does not leave out a day.
BETWEEN = timedelta(hours=20)


@dataclass
class Due:
    """What is due for a person. Sessions and viewings that are due later are not in it."""

    person: Any
    sessions: list[CoachingSession] = field(default_factory=list)
    viewings: list[AssignedViewing] = field(default_factory=list)


def due_now() -> Iterator[Due]:
    """Yield each active person with something due of which nobody reminded them today."""
    now = timezone.now()
    soon = Q(due_at__lte=now + AHEAD) & (Q(reminded_at=None) | Q(reminded_at__lte=now - BETWEEN))
    of: dict[int, Due] = {}
    sessions = CoachingSession.objects.filter(soon, acknowledged_at=None, closed_at=None)
    for session in sessions.select_related("person").order_by("due_at"):
        of.setdefault(session.person_id, Due(session.person)).sessions.append(session)
    viewings = AssignedViewing.objects.open().filter(soon, exemplar__in=Exemplar.objects.in_use())
    for viewing in viewings.select_related("person").order_by("due_at"):
        of.setdefault(viewing.person_id, Due(viewing.person)).viewings.append(viewing)
    yield from (due for due in of.values() if due.person.is_active)


@transaction.atomic
def record_reminded(due: Due) -> None:
    """Record that the mail was sent, with an event."""
    now = timezone.now()
    CoachingSession.objects.filter(pk__in=[row.pk for row in due.sessions]).update(reminded_at=now)
    AssignedViewing.objects.filter(pk__in=[row.pk for row in due.viewings]).update(reminded_at=now)
    detail = {"sessions": len(due.sessions), "viewings": len(due.viewings)}
    record(Kind.COACHING_REMINDED, by=BY, target=Target.of(due.person), detail=detail)
