"""Add exemplars to the library and withdraw them. Each change and its event are one transaction."""

import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import AuditEvent, Basis, Exemplar, Recording, Withdrawal
from recordings.models.fields import uuid7
from recordings.permissions import Permission
from recordings.policies import reach
from recordings.reviews.coaching.errors import AlreadyDone, UnknownExemplar

BY = Actor.system("training")


class Passport(NamedTuple):
    """By what right a recording is used for training, who answers for it, and until when."""

    basis: Basis
    text: str
    owner: Any
    expires_at: datetime


class Demand(NamedTuple):
    """What completes a viewing: the share of the range in per cent, the quiz if any, and its pass mark in per cent."""

    share: int
    quiz: bytes | None
    pass_percent: int | None


@transaction.atomic
def add_exemplar(
    *,
    recording: Recording,
    title: str,
    range_ms: tuple[int, int],
    passport: Passport,
    demand: Demand,
    by: Actor,
) -> Exemplar:
    """Add a range of a recording to the library. The text of the basis is a personal value of whoever wrote it."""
    pk, (start, end) = uuid7(), range_ms
    quiz_hash = f"sha256:{hashlib.sha256(demand.quiz).hexdigest()}" if demand.quiz else ""
    detail: dict[str, Any] = {
        "exemplar": str(pk),
        "from_ms": start,
        "to_ms": end,
        "basis": passport.basis.value,
        "owner": f"user:{passport.owner.pk}",
        "expires_at": passport.expires_at.astimezone(UTC).isoformat(),
        "share_needed": demand.share,
    }
    if demand.quiz:
        detail |= {"quiz_hash": quiz_hash, "pass_percent": demand.pass_percent}
    private = {"title": title, "basis_text": passport.text}
    event = record(Kind.EXEMPLAR_ADDED, by=by, target=Target.of(recording), detail=detail, private=private)
    return Exemplar.objects.create(
        id=pk,
        recording=recording,
        title=title,
        from_ms=start,
        to_ms=end,
        basis=passport.basis,
        owner=passport.owner,
        expires_at=passport.expires_at,
        share_needed=demand.share,
        quiz=demand.quiz,
        quiz_hash=quiz_hash,
        pass_percent=demand.pass_percent if demand.quiz else None,
        event_id=event,
    )


@transaction.atomic
def withdraw_exemplar(
    *, exemplar: Exemplar, why: Withdrawal, by: Actor, person: Any = None, reason: str = ""
) -> None:
    """Withdraw an exemplar for good. Raises AlreadyDone."""
    row = (
        Exemplar.objects.select_for_update(of=("self",))
        .select_related("recording__object")
        .get(pk=exemplar.pk)
    )
    if row.withdrawn_at:
        raise AlreadyDone
    row.withdrawn_at, row.withdrawn_why, row.withdrawn_by = timezone.now(), why.value, person
    row.save(update_fields=["withdrawn_at", "withdrawn_why", "withdrawn_by"])
    record(
        Kind.EXEMPLAR_WITHDRAWN,
        by=by,
        target=Target.of(row.recording),
        detail={"exemplar": str(row.pk), "why": why.value},
        private={"title": row.title, "reason": reason},
    )


def withdraw_exemplars(recording: Recording, reason: Withdrawal) -> int:
    """Withdraw all exemplars of a recording, because of a dispute for example; return how many there were."""
    rows = list(Exemplar.objects.filter(recording=recording, withdrawn_at=None))
    for row in rows:
        withdraw_exemplar(exemplar=row, why=reason, by=BY)
    return len(rows)


def check_exemplars() -> int:
    """Withdraw the exemplars that may not be used any longer; return how many. Twice in a row changes nothing more."""
    rows = Exemplar.objects.filter(withdrawn_at=None).with_state()
    withdrawn = 0
    for row in rows.defer("quiz", "recording__raw", "recording__object__raw").order_by("pk"):
        why = _why(row)
        if why is not None:
            with suppress(AlreadyDone):  # somebody has withdrawn it by hand since it was read
                withdraw_exemplar(exemplar=row, why=why, by=BY)
                withdrawn += 1
    return withdrawn


def exemplars_in_reach(coach: Any) -> QuerySet[Exemplar]:
    """List the library, as far as its recordings are in the coach's reach: in use first, then the newest."""
    within = reach(coach, Permission.COACH).q("recording__object__")
    rows = Exemplar.objects.filter(within).with_state().select_related("owner", "withdrawn_by")
    rows = rows.defer("quiz", "recording__raw", "recording__object__raw")
    rows = rows.annotate(assigned=Count("assignments", filter=Q(assignments__cancelled_at=None)))
    return rows.order_by("withdrawn_at", "-added_at")


def exemplar_for(coach: Any, pk: UUID) -> Exemplar:
    """Return an exemplar in reach. Raises UnknownExemplar."""
    row = exemplars_in_reach(coach).filter(pk=pk).first()
    if row is None:
        raise UnknownExemplar
    return row


def _why(row: Exemplar) -> Withdrawal | None:
    return row.to_withdraw or (Withdrawal.ERASED if _is_erased(row) else None)


def _is_erased(row: Exemplar) -> bool:
    """Whether personal values of the customer, or of an account that is or was the agent, were erased since."""
    thing = row.recording.object
    agents = get_user_model().objects.filter(agent_links__agent=thing.agent_id).values_list("pk", flat=True)
    subjects = [thing.subject, *(f"user:{pk}" for pk in agents)]
    return any(erased_since(subject, row.added_at) for subject in subjects)


def erased_since(subject: str, since: datetime) -> bool:
    """Whether personal values of a subject were erased at or after a moment."""
    erased = AuditEvent.objects.filter(kind=Kind.SUBJECT_ERASED, target_ref=subject)
    return erased.filter(recorded_at__gte=since).exists()
