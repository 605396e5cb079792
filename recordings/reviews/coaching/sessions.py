"""Open, acknowledge and close coaching sessions. Each change and its event are one transaction."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.models import CoachingItem, CoachingSession, Evaluation, Recording
from recordings.models.fields import uuid7
from recordings.reviews.coaching.errors import AlreadyDone


class EmptySession(PortalError):
    """A session has an evaluation or a moment."""

    status = 422
    sentence = _("Choose an evaluation, or point at a moment of a recording.")


@dataclass(frozen=True)
class Moment:
    """A second or a range of a recording, in milliseconds, and what to note about it."""

    recording: Recording
    from_ms: int
    to_ms: int
    note: str


@transaction.atomic
def open_session(
    *,
    person: Any,
    evaluations: Sequence[Evaluation],
    moments: Sequence[Moment],
    goals: str,
    due_at: datetime,
    coach: Any,
    by: Actor,
) -> CoachingSession:
    """Open a session for a person. Goals and notes are personal values of that person. Raises EmptySession."""
    if not evaluations and not moments:
        raise EmptySession
    pk = uuid7()
    items = [
        CoachingItem(session_id=pk, position=place, recording=one.recording, evaluation=one)
        for place, one in enumerate(evaluations)
    ]
    notes: dict[int, str] = {}
    for place, moment in enumerate(moments, start=len(items)):
        items.append(
            CoachingItem(
                session_id=pk,
                position=place,
                recording=moment.recording,
                from_ms=moment.from_ms,
                to_ms=moment.to_ms,
            )
        )
        notes |= {place: moment.note} if moment.note else {}
    event = record(
        Kind.COACHING_OPENED,
        by=by,
        target=Target.of(person),
        detail={
            "session": str(pk),
            "due_at": due_at.astimezone(UTC).isoformat(),
            "evaluations": [str(one.pk) for one in evaluations],
            "moments": [f"{one.recording.pk}/{one.from_ms}-{one.to_ms}" for one in moments],
        },
        about={"goals": goals, "notes": json.dumps(notes, ensure_ascii=False) if notes else ""},
    )
    session = CoachingSession.objects.create(id=pk, person=person, coach=coach, due_at=due_at, event_id=event)
    CoachingItem.objects.bulk_create(items)
    return session


@transaction.atomic
def acknowledge(*, session: CoachingSession, comment: str, by: Actor) -> None:
    """Acknowledge a session, for the person it is about. Raises AlreadyDone."""
    row = CoachingSession.objects.select_for_update().get(pk=session.pk)
    if row.acknowledged_at or row.closed_at:
        raise AlreadyDone
    row.acknowledged_event = record(
        Kind.COACHING_ACKNOWLEDGED,
        by=by,
        target=Target.of(session.person),
        detail={"session": str(row.pk)},
        private={"comment": comment},
    )
    row.acknowledged_at = timezone.now()
    row.save(update_fields=["acknowledged_at", "acknowledged_event"])


@transaction.atomic
def close_session(*, session: CoachingSession, closed_by: Any, by: Actor) -> None:
    """Close a session, acknowledged or not. Raises AlreadyDone."""
    row = CoachingSession.objects.select_for_update().get(pk=session.pk)
    if row.closed_at:
        raise AlreadyDone
    row.closed_at, row.closed_by = timezone.now(), closed_by
    row.save(update_fields=["closed_at", "closed_by"])
    detail = {"session": str(row.pk), "acknowledged": "yes" if row.acknowledged_at else "no"}
    record(Kind.COACHING_CLOSED, by=by, target=Target.of(session.person), detail=detail)
