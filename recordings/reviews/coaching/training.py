"""Assign viewings, cancel them, and judge attempts to complete them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recordings.audit import Actor, Kind, Target, record
from recordings.models import AssignedViewing, Exemplar, ViewingAttempt
from recordings.models.fields import Spans
from recordings.playback.queries import watched_of
from recordings.playback.spans import MAX_SPANS, total_ms
from recordings.reviews.answered import Fields
from recordings.reviews.coaching.errors import (
    AlreadyDone,
    NotAssignable,
    NotInUse,
    NotPassable,
    UnknownViewing,
)
from recordings.reviews.coaching.quiz import quiz_score, read_quiz

INACTIVE = _("This account is not active. Nothing was assigned.")
BARRED = _("A role of this person never sees recordings. Nothing was assigned.")
TWICE = _("This person has this viewing already, and it is open. Nothing was assigned.")
TOO_LITTLE = _("You have watched too little of it. Watch more first; your answers are kept.")
NOT_ALL = _("Answer every question. What you answered is kept.")
# Label and tone of each state.
STATES: dict[str, tuple[str | Promise, str]] = {
    "open": (_("To watch"), "info"),
    "overdue": (_("Overdue"), "bad"),
    "done": (pgettext_lazy("assigned viewing", "Done"), "ok"),
    "cancelled": (_("Cancelled"), ""),
    "withdrawn": (_("Withdrawn"), "warn"),
}


@dataclass(frozen=True)
class Watched:
    """What a person has watched of an exemplar's range."""

    spans: Spans
    percent: int
    is_enough: bool


@transaction.atomic
def assign_viewing(
    *, exemplar: Exemplar, person: Any, due_at: datetime, assigned_by: Any, by: Actor
) -> AssignedViewing:
    """Assign an exemplar to a person, who may play its recording until it is done. Raises NotInUse, NotAssignable."""
    row = (
        Exemplar.objects.select_for_update(of=("self",))
        .select_related("recording__object")
        .get(pk=exemplar.pk)
    )
    if why := row.why_not:
        raise NotInUse(why)
    if not person.is_active:
        raise NotAssignable(INACTIVE)
    if any(role.is_barred_from_media for role in person.roles):
        raise NotAssignable(BARRED)
    if AssignedViewing.objects.open().filter(exemplar=row, person=person).exists():
        raise NotAssignable(TWICE)
    made = AssignedViewing.objects.create(exemplar=row, person=person, due_at=due_at, assigned_by=assigned_by)
    detail = {"recording": str(row.recording_id), "due_at": due_at.astimezone(UTC).isoformat()}
    _record(Kind.TRAINING_ASSIGNED, made, by, detail)
    return made


@transaction.atomic
def cancel_viewing(*, assignment: AssignedViewing, person: Any, by: Actor) -> None:
    """Cancel an open viewing; with it ends the right to play. Raises AlreadyDone."""
    row = _locked(assignment.pk)
    if row.cancelled_at or row.done_at:
        raise AlreadyDone
    row.cancelled_at, row.cancelled_by = timezone.now(), person
    row.save(update_fields=["cancelled_at", "cancelled_by"])
    _record(Kind.TRAINING_CANCELLED, row, by, {})


@transaction.atomic
def attempt_viewing(*, assignment: AssignedViewing, fields: Fields, by: Actor) -> ViewingAttempt:
    """Judge an attempt: enough of the range was watched, and the quiz reaches its pass mark.

    Each attempt is kept. Raises AlreadyDone, NotInUse and NotPassable; nothing is stored then.
    """
    # 1. Only an open viewing of an exemplar in use is judged.
    row = _locked(assignment.pk)
    exemplar = row.exemplar
    if row.cancelled_at or row.done_at:
        raise AlreadyDone
    if why := exemplar.why_not:
        raise NotInUse(why)
    # 2. What was watched until now must be enough, and every question answered.
    watched, quiz = watched_by(row.person_id, exemplar), exemplar.quiz
    answered, problems = read_quiz(bytes(quiz), fields) if quiz else (None, {})
    if not watched.is_enough or problems:
        raise NotPassable(NOT_ALL if watched.is_enough else TOO_LITTLE, problems)
    # 3. The score of the quiz decides.
    reached = quiz_score(bytes(quiz), answered) if quiz and answered else None
    is_passed = reached is None or reached >= Decimal(exemplar.pass_percent or 0)
    number = row.attempts.count() + 1
    detail = {
        "number": number,
        "spans": [list(span) for span in watched.spans[:MAX_SPANS]],
        "watched_percent": watched.percent,
        "passed": "yes" if is_passed else "no",
    }
    if reached is not None:
        detail |= {"score": str(reached), "quiz_hash": exemplar.quiz_hash}
    return ViewingAttempt.objects.create(
        assignment=row,
        number=number,
        watched=watched.spans,
        watched_percent=watched.percent,
        answers=answered.file if answered else None,
        score="" if reached is None else str(reached),
        is_passed=is_passed,
        event_id=_record(Kind.TRAINING_ATTEMPTED, row, by, detail),
    )


def watched_by(person_id: int, exemplar: Exemplar) -> Watched:
    """Return what a person has watched of an exemplar's range, in all viewings."""
    low, high = exemplar.from_ms, exemplar.to_ms
    mine = watched_of(exemplar.recording_id, person_id).mine
    spans = [(max(low, start), min(high, end)) for start, end in mine if start < high and end > low]
    reached = total_ms(spans)
    return Watched(
        spans, reached * 100 // (high - low), reached * 100 >= exemplar.share_needed * (high - low)
    )


def assignments() -> QuerySet[AssignedViewing]:
    """Return assigned viewings with what their states are derived from: three queries."""
    attempts = Prefetch("attempts", ViewingAttempt.objects.defer("answers").order_by("number"))
    exemplars = Exemplar.objects.with_state().defer("recording__raw", "recording__object__raw")
    rows = AssignedViewing.objects.select_related("person", "assigned_by").order_by("-assigned_at")
    return rows.prefetch_related(attempts, Prefetch("exemplar", exemplars))


def own_viewing(person: Any, pk: UUID) -> AssignedViewing:
    """Return a viewing that was assigned to this person. Raises UnknownViewing."""
    row = assignments().filter(pk=pk, person=person).first()
    if row is None:
        raise UnknownViewing
    return row


def labelled(rows: Any) -> list[dict[str, Any]]:
    """Return assigned viewings, each with label and tone of its state."""
    return [{"row": row, "label": STATES[row.state][0], "tone": STATES[row.state][1]} for row in rows]


def _locked(pk: UUID) -> AssignedViewing:
    rows = AssignedViewing.objects.select_for_update(of=("self",))
    return rows.select_related("person", "exemplar__recording__object").get(pk=pk)


def _record(kind: Kind, row: AssignedViewing, by: Actor, detail: Mapping[str, Any]) -> UUID:
    facts = {"assignment": str(row.pk), "exemplar": str(row.exemplar_id), **detail}
    target = Target.of(row.person)
    return record(kind, by=by, target=target, detail=facts, private={"title": row.exemplar.title})
