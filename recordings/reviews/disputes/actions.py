"""Release, sign and dispute submitted evaluations. Each change and its event are one transaction."""

import json
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.models import (
    BlindAnswer,
    Dispute,
    Evaluation,
    EvaluationReading,
    EvaluationRelease,
    EvaluationScore,
    EvaluationSignature,
)
from recordings.reviews.disputes import errors, rights
from recordings.reviews.disputes.rights import Reader
from recordings.reviews.disputes.standing import find


@transaction.atomic
def release_evaluation(*, evaluation: Any, reader: Reader, by: Actor) -> EvaluationRelease:
    """Let the agent of the call read an evaluation. Raises what `rights.against_release` returns."""
    row = relocked(evaluation)
    if refusal := rights.against_release(reader, row):
        raise refusal
    detail = {"evaluation": str(row.pk), "number": row.newest_number, "score": row.newest_score or ""}
    event = record(Kind.EVALUATION_RELEASED, by=by, target=Target.of(row.recording), detail=detail)
    return EvaluationRelease.objects.create(
        evaluation_id=row.pk, released_by=reader.user, released_at=timezone.now(), event_id=event
    )


@transaction.atomic
def sign_evaluation(*, evaluation: Any, reader: Reader, reason: str, by: Actor) -> EvaluationSignature:
    """Sign the newest score, as the agent or, with a reason, for them.

    Raises ReasonMissing, and what `rights.against_signature` returns.
    """
    row = relocked(evaluation)
    if refusal := rights.against_signature(reader, row):
        raise refusal
    for_agent = rights.is_for_agent(reader, row)
    if for_agent and not reason:
        raise errors.ReasonMissing
    detail = {
        "evaluation": str(row.pk),
        "number": row.newest_number,
        "score": row.newest_score or "",
        "signed_by": _side(for_agent),
    }
    event = record(
        Kind.EVALUATION_SIGNED,
        by=by,
        target=Target.of(row.recording),
        detail=detail,
        private={"reason": reason if for_agent else ""},
    )
    return EvaluationSignature.objects.create(
        score_id=row.newest_id,
        signed_by=reader.user,
        signed_at=timezone.now(),
        is_for_agent=for_agent,
        event_id=event,
    )


@transaction.atomic
def open_dispute(*, evaluation: Any, question: str, reader: Reader, reason: str, by: Actor) -> Dispute:
    """Dispute the answer to a question, as the agent or for them.

    Raises ReasonMissing, NotAsked, AlreadyDisputed, and what `rights.against_dispute` returns.
    """
    row = relocked(evaluation)
    if refusal := rights.against_dispute(reader, row):
        raise refusal
    newest = EvaluationScore.objects.get(pk=row.newest_id)
    if question not in document_of(newest):
        raise errors.NotAsked
    if row.disputes.filter(question=question).exists():
        raise errors.AlreadyDisputed
    if not reason:
        raise errors.ReasonMissing
    for_agent = rights.is_for_agent(reader, row)
    detail: dict[str, Any] = {
        "evaluation": str(row.pk),
        "number": newest.number,
        "question": question,
        "disputed_by": _side(for_agent),
    }
    event = record(
        Kind.DISPUTE_OPENED, by=by, target=Target.of(row.recording), detail=detail, private={"reason": reason}
    )
    return Dispute.objects.create(
        evaluation_id=row.pk,
        question=question,
        score=newest,
        opened_by=reader.user,
        opened_at=timezone.now(),
        is_for_agent=for_agent,
        opened_event=event,
    )


def keep_reading(*, evaluation_id: UUID, reader: Any) -> None:
    """Remember that a person has seen the answers of an evaluation."""
    if not EvaluationReading.objects.filter(evaluation_id=evaluation_id, reader=reader).exists():
        EvaluationReading.objects.bulk_create(
            [EvaluationReading(evaluation_id=evaluation_id, reader=reader, read_at=timezone.now())],
            ignore_conflicts=True,
        )


def relocked(evaluation: Any) -> Any:
    """Return an evaluation as it stands now, locked until the transaction ends."""
    Evaluation.objects.select_for_update(of=("self",)).get(pk=evaluation.pk)
    return find(evaluation.pk)


def document_of(score: EvaluationScore | BlindAnswer) -> dict[str, Any]:
    """Return the answers of a score or of a decider, as the file has them, by question."""
    answers: dict[str, Any] = json.loads(bytes(score.answers))["answers"]
    return answers


def _side(for_agent: bool) -> str:
    return "supervisor" if for_agent else "agent"
