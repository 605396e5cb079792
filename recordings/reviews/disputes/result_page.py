"""What the page of a submitted evaluation shows."""

from dataclasses import dataclass
from typing import Any

from recordings.audit.opened import open_event
from recordings.models import Dispute, DisputeOutcome, EvaluationScore, EvaluationSignature
from recordings.reviews.disputes.actions import document_of
from recordings.reviews.disputes.standing import decide_until
from recordings.reviews.evaluation_page import (
    ShownScore,
    moment_in_words,
    moment_of,
    scores_of,
    texts_of,
    value_in_words,
)
from recordings.reviews.evaluations import form_of
from recordings.reviews.shown import FAILS, ShownQuestion, sections_of

Texts = dict[str, dict[str, str]]


@dataclass(frozen=True)
class ShownDispute:
    """A dispute with its reasons, which are personal values of its events."""

    row: Dispute
    question: str
    reason: str
    decision_reason: str

    @property
    def outcome_label(self) -> str:
        return str(DisputeOutcome(self.row.outcome).label) if self.row.outcome else ""

    @property
    def due_at(self) -> Any:
        """When the dispute is to be decided."""
        return decide_until(self.row.opened_at)


@dataclass(frozen=True)
class ResultAnswer:
    """An answer in words. `second` is where it points, for a link; None when it points nowhere."""

    shown: ShownQuestion
    value: str
    moment: str
    second: int | None
    comment: str
    reason: str
    dispute: ShownDispute | None = None
    # What the answer made 0, in words; empty for nothing.
    fail: str = ""

    @property
    def key(self) -> str:
        return self.shown.question.key


@dataclass(frozen=True)
class ResultSection:
    """A section with its share of the score in percent; empty without one."""

    title: str
    score: str
    answers: list[ResultAnswer]


@dataclass(frozen=True)
class ResultPage:
    """A submitted evaluation: its newest answers, all scores, disputes and signatures."""

    sections: list[ResultSection]
    scores: list[ShownScore]
    disputes: list[ShownDispute]
    signatures: list[EvaluationSignature]

    @classmethod
    def of(cls, row: Any, language: str) -> "ResultPage":
        """Read it for an evaluation of `standing.find`."""
        form = form_of(row)
        scores = list(row.scores.order_by("number").select_related("decision"))
        sections = sections_of(form, language)
        words = {shown.question.key: shown.text for section in sections for shown in section.questions}
        rows = row.disputes.select_related("opened_by", "decided_by").order_by("opened_at", "pk")
        disputes = [shown_dispute(dispute, words) for dispute in rows]
        by_key = {dispute.row.question: dispute for dispute in disputes}
        document, texts = document_of(scores[-1]), texts_now(scores)
        failed = {part["question"]: str(FAILS[part["fail"]]) for part in scores[-1].result["failed"]}
        shares = {part["key"]: part["score"] for part in scores[-1].result["sections"]}
        signatures = EvaluationSignature.objects.filter(score__evaluation_id=row.pk)
        return cls(
            [
                ResultSection(
                    section.title,
                    (shares.get(section.section.key) or "").removesuffix(".00"),
                    [
                        shown_answer(
                            shown,
                            document[shown.question.key],
                            texts.get(shown.question.key, {}),
                            by_key.get(shown.question.key),
                            failed.get(shown.question.key, ""),
                        )
                        for shown in section.questions
                        if shown.question.key in document
                    ],
                )
                for section in sections
            ],
            scores_of(row, form, language),
            disputes,
            list(signatures.select_related("signed_by", "score").order_by("-score__number")),
        )


def texts_now(scores: list[EvaluationScore]) -> Texts:
    """Return comments, reasons and typed answers of the newest score.

    The event of a decision has only those of the questions that it answered; the others are the scorer's.
    """
    texts: Texts = {}
    for score in scores:
        own = texts_of(score.event_id)
        decision = getattr(score, "decision", None)
        if decision is None:
            texts = own
            continue
        blind = decision.blind_answers.get(decider=decision.decided_by)
        replaced = document_of(blind)
        texts = {key: kept for key, kept in texts.items() if key not in replaced} | own
    return texts


def shown_answer(
    shown: ShownQuestion,
    node: dict[str, Any] | None,
    texts: dict[str, str],
    dispute: ShownDispute | None = None,
    fail: str = "",
) -> ResultAnswer:
    """Return an answer of a file as text; None means that the question was not asked."""
    at = moment_of(node or {})
    return ResultAnswer(
        shown=shown,
        value=texts.get("answer") or value_in_words(shown, node),
        moment=moment_in_words(at),
        second=int(at.split("-")[0]) // 1000 if at else None,
        comment=texts.get("comment", ""),
        reason=texts.get("reason", ""),
        dispute=dispute,
        fail=fail,
    )


def shown_dispute(dispute: Dispute, words: dict[str, str]) -> ShownDispute:
    """Read the reasons of a dispute from its events."""
    return ShownDispute(
        row=dispute,
        question=words.get(dispute.question, dispute.question),
        reason=_reason(dispute.opened_event),
        decision_reason=_reason(dispute.decided_event) if dispute.decided_event else "",
    )


def _reason(event_id: Any) -> str:
    event = open_event(event_id)
    return event.private("action_detail.reason") if event else ""
