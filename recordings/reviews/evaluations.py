"""Begin, save, submit and change evaluations. What is submitted and its event are one transaction."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.audit import Actor, Kind, Target, record
from recordings.exceptions import PortalError
from recordings.models import (
    Calibration,
    Evaluation,
    EvaluationScore,
    Recording,
    ScorecardState,
    ScorecardVersion,
)
from recordings.models.fields import Spans
from recordings.playback.queries import watched_of
from recordings.playback.spans import MAX_SPANS, total_ms
from recordings.reviews.answered import Answered, Fields, is_watched, only_answers, read_fields
from recordings.reviews.preview import asked_in
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import Form, Question, read_form
from recordings.scorecards.score import score
from recordings.scorecards.texts import localized


class UnknownEvaluation(PortalError):
    """There is no evaluation with this id, or it is another person's."""

    status = 404
    sentence = _("You have no evaluation with this id.")


class NotUsable(PortalError):
    """An evaluation begins with an active version only."""

    status = 409
    sentence = _("This scorecard is not active. Choose another one.")


class AlreadySubmitted(PortalError):
    """A submitted evaluation is changed with a reason only."""

    status = 409
    sentence = _("This evaluation was submitted. Load the page again to change it with a reason.")


class ScoringClosed(PortalError):
    """Scoring of the evaluation's calibration was closed before it was submitted."""

    status = 409
    sentence = _("Scoring of this calibration was closed. The evaluation can no longer be submitted.")


class SubmittedOnce(PortalError):
    """A blind score is not changed after others can be seen, nor before."""

    status = 409
    sentence = _("An evaluation in a calibration is submitted once. It cannot be changed.")


class Disputed(PortalError):
    """Answers of the evaluation were disputed: only the decision changes the score."""

    status = 409
    sentence = _("Answers of this evaluation were disputed. Only the decision of a dispute changes it now.")


class Incomplete(PortalError):
    """Questions are missing, cannot be read, or point at what was not watched. `problems`: a sentence by question."""

    status = 422
    sentence = _("The evaluation was not submitted. What you typed is kept.")

    def __init__(self, problems: Mapping[str, Any]) -> None:
        super().__init__()
        self.problems = problems


MISSING = _("Not answered yet.")
MISSING_MOMENT = _("Critical: point at a moment of the recording.")
MISSING_REASON = _("Critical: give a reason for N/A.")
NOT_WATCHED = _("You have not watched this moment. Watch it first, or point at another one.")


@dataclass(frozen=True)
class Watched:
    """What somebody has watched of a recording, and its share of the reported length in percent, if that is known."""

    spans: Spans
    percent: int | None


@dataclass(frozen=True)
class Saved:
    """What saving did. `replaced`: something else had been saved since the page was loaded, and is kept."""

    revision: int
    replaced: bool


def form_of(evaluation: Evaluation) -> Form:
    """Return the form of the evaluation's version, whatever its state is now."""
    return read_form(bytes(evaluation.version.document))


@transaction.atomic
def begin_evaluation(
    *,
    recording: Recording,
    version: ScorecardVersion,
    scorer: Any,
    by: Actor,
    calibration: Calibration | None = None,
    is_agreed_card: bool = False,
) -> Evaluation:
    """Begin an evaluation, or return the person's open one with this version. Raises NotUsable.

    In a calibration: return the person's one, also when it was submitted; its version may be retired meanwhile.
    """
    if calibration is None and version.state != ScorecardState.ACTIVE:
        raise NotUsable
    open_only = {"submitted_at": None} if calibration is None else {}
    evaluation, is_new = Evaluation.objects.get_or_create(
        recording=recording,
        version=version,
        scorer=scorer,
        calibration=calibration,
        is_agreed_card=is_agreed_card,
        **open_only,
    )
    if is_new:
        detail = {"evaluation": str(evaluation.pk), **_scorecard(version), **_calibration(evaluation)}
        record(Kind.EVALUATION_STARTED, by=by, target=Target.of(recording), detail=detail)
    return evaluation


@transaction.atomic
def save_evaluation(*, evaluation: Evaluation, fields: Fields, base: int) -> Saved:
    """Save what was typed. The newer wins; what another tab saved since `base` is kept in `replaced`.

    Raises AlreadySubmitted and ScoringClosed. Typing is not in the trail.
    """
    row = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
    if not row.is_open:
        raise AlreadySubmitted
    _check_scoring(row)
    typed = only_answers(fields)
    if typed == row.typed:
        return Saved(row.revision, replaced=False)
    is_conflict = base != row.revision and bool(row.typed)
    if is_conflict:
        row.replaced = row.typed
    row.typed, row.revision, row.saved_at = typed, row.revision + 1, timezone.now()
    row.save(update_fields=["typed", "replaced", "revision", "saved_at"])
    return Saved(row.revision, is_conflict)


@transaction.atomic
def submit_evaluation(*, evaluation: Evaluation, fields: Fields, by: Actor) -> EvaluationScore:
    """Compute and lock the first score.

    Raises AlreadySubmitted, ScoringClosed, and Incomplete with a sentence for each question.
    """
    row = _locked(evaluation)
    if not row.is_open:
        raise AlreadySubmitted
    _check_scoring(row)
    kind = Kind.CALIBRATION_AGREED if row.is_agreed_card else Kind.EVALUATION_SUBMITTED
    added = _add_score(row, fields, by, kind, 1)
    row.submitted_at, row.typed, row.replaced = timezone.now(), {}, {}
    row.save(update_fields=["submitted_at", "typed", "replaced"])
    return added


@transaction.atomic
def change_evaluation(*, evaluation: Evaluation, fields: Fields, reason: str, by: Actor) -> EvaluationScore:
    """Add a score to a submitted evaluation, with a reason. The scores before it are kept.

    Raises Incomplete, Disputed, and SubmittedOnce for a blind score of a calibration.
    """
    row = _locked(evaluation)
    newest = row.scores.order_by("-number").first()
    if newest is None:
        raise UnknownEvaluation
    if row.is_blind:
        raise SubmittedOnce
    if row.disputes.exists():
        raise Disputed
    kind = Kind.CALIBRATION_AGREED if row.is_agreed_card else Kind.EVALUATION_CHANGED
    return _add_score(row, fields, by, kind, newest.number + 1, newest, reason)


def check_answers(form: Form, answered: Answered, watched: Spans) -> dict[str, Any]:
    """Say what keeps an evaluation from being submitted, by question; empty when nothing does."""
    asked = asked_in(form, answered.answers)
    problems = {
        question.key: problem_of(question, answered, watched)
        for _section, question in form.questions()
        if question.key in asked
    }
    return {key: problem for key, problem in problems.items() if problem}


def problem_of(question: Question, answered: Answered, watched: Spans) -> Any:
    """Say what is wrong with the answer to a question that is asked; None when nothing is."""
    key, answer = question.key, answered.answers.get(question.key)
    if key in answered.moments and not is_watched(answered.moments[key], watched):
        return NOT_WATCHED
    if key in answered.problems:
        return answered.problems[key]
    if answer is None:
        return MISSING if question.is_scored or question.critical else None
    if question.critical and answer.na and not answer.reason.strip():
        return MISSING_REASON
    if question.critical and not answer.na and not answer.has_moment:
        return MISSING_MOMENT
    return None


def share_watched(watched: Spans, recording: Recording) -> int | None:
    """Return the share of the reported length that was watched, in whole percent; None when no length is known."""
    length_ms = (recording.duration_seconds or 0) * 1000
    return min(100, total_ms(watched) * 100 // length_ms) if length_ms else None


def _add_score(
    row: Evaluation,
    fields: Fields,
    by: Actor,
    kind: Kind,
    number: int,
    before: EvaluationScore | None = None,
    reason: str = "",
) -> EvaluationScore:
    # 1. Read the answers, and check them against what the scorer has watched until now.
    form = form_of(row)
    answered = read_fields(form, only_answers(fields))
    watched = watched_of(row.recording_id, row.scorer_id).mine
    if problems := check_answers(form, answered, watched):
        raise Incomplete(problems)
    # 2. Answers to questions that are not asked are left out.
    asked = asked_in(form, answered.answers)
    document = {key: node for key, node in answered.document.items() if key in asked}
    texts = {key: kept for key, kept in answered.texts.items() if key in asked}
    return add_score(
        row,
        document,
        Watched(watched, share_watched(watched, row.recording)),
        by=by,
        kind=kind,
        number=number,
        before=before,
        private={"texts": written(texts), "reason": reason},
    )


def add_score(
    row: Evaluation,
    document: Mapping[str, Any],
    watched: Watched,
    *,
    by: Actor,
    kind: Kind,
    number: int,
    before: EvaluationScore | None,
    private: Mapping[str, str],
    detail: Mapping[str, Any] | None = None,
) -> EvaluationScore:
    """Compute the score of checked answers, and add it with its event in the caller's transaction.

    `document` has the answers of a file, to asked questions only. Raises Incomplete when there is no score for them.
    """
    # 1. Compute the score from the answers as they are stored.
    form, stored = form_of(row), Answered(dict(document)).file
    scored = score(form, read_answers(stored, form))
    if not scored.complete:
        raise Incomplete({})
    result, answers_hash = scored.as_json(), f"sha256:{hashlib.sha256(stored).hexdigest()}"
    # 2. Write the event with hashes, score and watched ranges, then the row.
    facts: dict[str, Any] = {
        "evaluation": str(row.pk),
        "number": number,
        **_scorecard(row.version),
        **_calibration(row),
        "answers_hash": answers_hash,
        "score": result["score"] or "",
        "score_without_fails": result["score_without_fails"] or "",
        "na_share": result["na_share"] or "",
        "spans": [list(span) for span in watched.spans[:MAX_SPANS]],
        "watched_ms": total_ms(watched.spans),
        **(detail or {}),
    }
    if watched.percent is not None:
        facts["watched_percent"] = watched.percent
    if before is not None:
        facts["score_before"] = before.result["score"] or ""
    event = record(kind, by=by, target=Target.of(row.recording), detail=facts, private=private)
    return EvaluationScore.objects.create(
        evaluation=row,
        number=number,
        scored_at=timezone.now(),
        answers=stored,
        answers_hash=answers_hash,
        result=result,
        watched=watched.spans,
        watched_percent=watched.percent,
        event_id=event,
    )


def written(texts: Mapping[str, Mapping[str, str]]) -> str:
    """Write comments, reasons and typed answers as one personal value; empty for none."""
    return json.dumps(texts, ensure_ascii=False) if texts else ""


def _locked(evaluation: Evaluation) -> Evaluation:
    rows = Evaluation.objects.select_for_update(of=("self",)).select_related("version", "recording__object")
    return rows.get(pk=evaluation.pk)


def _check_scoring(row: Evaluation) -> None:
    """Raise ScoringClosed for a blind score after its calibration was closed. Closing waits for this transaction."""
    if not row.is_blind:
        return
    calibrations = Calibration.objects.select_for_update(of=("self",), no_key=True)
    if calibrations.get(evaluations=row).closed_at:
        raise ScoringClosed


def _calibration(row: Evaluation) -> dict[str, str]:
    return {"calibration": str(row.calibration_id)} if row.calibration_id else {}


def _scorecard(version: ScorecardVersion) -> dict[str, Any]:
    return {"scorecard": str(version.scorecard_id), "version": version.number, "form_hash": version.hash}


def title_of(version: ScorecardVersion, language: str) -> str:
    """Return the title of a version in a language."""
    return localized(version.title, language)
