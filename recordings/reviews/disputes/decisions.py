"""Decide disputes: first answer blind, then uphold or change. Each step and its event are one transaction."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Target, record
from recordings.audit.opened import open_event
from recordings.models import BlindAnswer, Dispute, DisputeOutcome, EvaluationScore
from recordings.playback.queries import watched_of
from recordings.playback.spans import MAX_SPANS, total_ms
from recordings.reviews.answered import Answered, Fields, only_answers, read_fields
from recordings.reviews.disputes import errors, rights
from recordings.reviews.disputes.actions import document_of, relocked
from recordings.reviews.disputes.rights import Reader
from recordings.reviews.evaluations import (
    MISSING,
    Incomplete,
    Watched,
    add_score,
    form_of,
    problem_of,
    share_watched,
    written,
)
from recordings.reviews.preview import asked_in
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import Form

_MOMENTS = ("at_ms", "from_ms", "to_ms")


@dataclass(frozen=True)
class Blind:
    """A decider's answers, as a file has them, by dispute; what is wrong with them, and what they ask besides."""

    documents: dict[Any, dict[str, Any]]
    problems: dict[str, Any]
    further: set[str]


@transaction.atomic
def answer_blind(*, evaluation: Any, reader: Reader, fields: Fields, by: Actor) -> list[BlindAnswer]:
    """Keep the decider's answers to the disputed questions that they have not answered yet.

    Raises Incomplete with a sentence for each question, HasRead, and what `rights.against_decision` returns.
    """
    row = relocked(evaluation)
    disputes = open_disputes(row)
    if refusal := rights.against_decision(reader, row, disputes):
        raise refusal
    waiting = rights.to_answer(reader.user, row, disputes)
    if not waiting:
        raise errors.HasRead
    watched = watched_of(row.recording_id, reader.user.pk).mine
    answered = read_fields(form_of(row), only_answers(fields))
    blind = read_blind(row, waiting, answered, watched)
    if blind.problems:
        raise Incomplete(blind.problems)
    percent, kept = share_watched(watched, row.recording), []
    for dispute in waiting:
        document = blind.documents[dispute.pk]
        file = Answered(document).file
        detail: dict[str, Any] = {
            "evaluation": str(row.pk),
            "question": dispute.question,
            "answers_hash": f"sha256:{hashlib.sha256(file).hexdigest()}",
            "spans": [list(span) for span in watched[:MAX_SPANS]],
            "watched_ms": total_ms(watched),
        }
        if percent is not None:
            detail["watched_percent"] = percent
        texts = {key: answered.texts[key] for key in document if key in answered.texts}
        event = record(
            Kind.DISPUTE_ANSWERED_BLIND,
            by=by,
            target=Target.of(row.recording),
            detail=detail,
            private={"texts": written(texts)},
        )
        answer = BlindAnswer(
            dispute=dispute,
            decider=reader.user,
            answered_at=timezone.now(),
            answers=file,
            answers_hash=detail["answers_hash"],
            watched=watched,
            watched_percent=percent,
            event_id=event,
        )
        kept.append(answer)
    return BlindAnswer.objects.bulk_create(kept)


@transaction.atomic
def decide_dispute(*, dispute: Dispute, outcome: str, reason: str, reader: Reader, by: Actor) -> Dispute:
    """Uphold the scorer's answer, or put the decider's blind answer in its place, which makes a new score.

    Raises NotBlind, ReasonMissing, NothingToChange, Incomplete, and what `rights.against_decision` returns.
    """
    # 1. The evaluation's lock keeps two deciders apart.
    row = relocked(dispute.evaluation)
    dispute = Dispute.objects.select_for_update(of=("self",)).get(pk=dispute.pk)
    if refusal := rights.against_decision(reader, row, [dispute]):
        raise refusal
    blind = rights.answered_blind(reader.user, [dispute]).get(dispute.pk)
    if blind is None:
        raise errors.NotBlind
    if not reason:
        raise errors.ReasonMissing
    # 2. The event, and for a change the new score. The scorer's answers to all other questions stay.
    newest = EvaluationScore.objects.get(pk=row.newest_id)
    detail = {"evaluation": str(row.pk), "question": dispute.question, "outcome": outcome}
    if outcome == DisputeOutcome.CHANGED:
        dispute.decided_score = _changed_score(row, dispute, newest, blind, reason, detail, by)
        dispute.decided_event = dispute.decided_score.event_id
    else:
        outcome = detail["outcome"] = DisputeOutcome.UPHELD.value
        dispute.decided_event = record(
            Kind.DISPUTE_DECIDED,
            by=by,
            target=Target.of(row.recording),
            detail={**detail, "number": newest.number, "score": newest.result["score"] or ""},
            private={"reason": reason},
        )
    # 3. The decision.
    dispute.outcome, dispute.decided_by, dispute.decided_at = outcome, reader.user, timezone.now()
    dispute.save(update_fields=["outcome", "decided_by", "decided_at", "decided_score", "decided_event"])
    return dispute


def open_disputes(row: Any) -> list[Dispute]:
    """Return the open disputes of an evaluation, the oldest first."""
    return list(Dispute.objects.filter(evaluation_id=row.pk, decided_at=None).order_by("opened_at", "pk"))


def read_blind(row: Any, disputes: list[Dispute], answered: Answered, watched: Any) -> Blind:
    """Read a decider's answers to disputed questions, and to those that only these answers ask."""
    form, newest = form_of(row), document_of(EvaluationScore.objects.get(pk=row.newest_id))
    questions = {question.key: question for _section, question in form.questions()}
    blind = Blind({}, {}, set())
    for dispute in disputes:
        key = dispute.question
        problem = problem_of(questions[key], answered, watched)
        if problem or key not in answered.document:
            blind.problems[key] = problem or MISSING
            continue
        document, new = {key: answered.document[key]}, {key}
        # Each answer may ask further questions: a chain has at most three.
        while new:
            asked = _asked(form, {**newest, **document})
            new = {other for other in asked if other not in newest and other not in document}
            for other in new:
                blind.further.add(other)
                if other_problem := problem_of(questions[other], answered, watched):
                    blind.problems[other] = other_problem
            new = {other for other in new if other in answered.document and other not in blind.problems}
            document |= {other: answered.document[other] for other in new}
        blind.documents[dispute.pk] = document
    return blind


def is_same(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None) -> bool:
    """Whether two answers are equal, wherever in the recording they point."""
    first, second = (
        {name: value for name, value in (answer or {}).items() if name not in _MOMENTS}
        for answer in (one, other)
    )
    return first == second


def _changed_score(
    row: Any,
    dispute: Dispute,
    newest: EvaluationScore,
    blind: BlindAnswer,
    reason: str,
    detail: dict[str, Any],
    by: Actor,
) -> EvaluationScore:
    before, own = document_of(newest), document_of(blind)
    form, merged = form_of(row), {**before, **own}
    asked = _asked(form, merged)
    if dispute.question not in asked or is_same(before.get(dispute.question), own.get(dispute.question)):
        raise errors.NothingToChange
    opened = open_event(blind.event_id)
    disclosed = opened.disclosed.get("action_detail.texts") if opened else None
    return add_score(
        row,
        {key: node for key, node in merged.items() if key in asked},
        # Most answers are the scorer's: what the decider had watched is in the event of the blind answer.
        Watched(newest.watched, newest.watched_percent),
        by=by,
        kind=Kind.DISPUTE_DECIDED,
        number=newest.number + 1,
        before=newest,
        private={"texts": disclosed.value if disclosed else "", "reason": reason},
        detail=detail,
    )


def _asked(form: Form, document: Mapping[str, Any]) -> set[str]:
    return asked_in(form, read_answers(Answered(dict(document)).file, form))
