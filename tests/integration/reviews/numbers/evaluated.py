"""Submitted evaluations for tests of numbers, as rows: what they would answer does not matter."""

import json
from typing import Any

import rfc8785

from recordings.models import Evaluation, EvaluationScore, Recording, Scorecard, ScorecardVersion
from recordings.models.fields import uuid7
from recordings.scorecards.form import read_form
from tests.factories import MORNING
from tests.unit.scorecards.forms import EXAMPLE

NO_ANSWERS = b'{"answers":{},"format":"auditportal-answers/1"}'


def version(person: Any, document: dict[str, Any] = EXAMPLE) -> ScorecardVersion:
    """An active version of a new scorecard."""
    data = rfc8785.dumps(document)
    form = read_form(data)
    scorecard = Scorecard.objects.create(created_by=person)
    return ScorecardVersion.objects.create(
        scorecard=scorecard,
        number=1,
        state="active",
        document=data,
        hash=form.hash,
        title=form.title,
        questions=len(list(form.questions())),
        changed_at=MORNING,
        changed_by=person,
        activated_at=MORNING,
        activated_by=person,
    )


def evaluated(
    recording: Recording,
    scorer: Any,
    of: ScorecardVersion,
    *scores: dict[str, Any],
    answers: bytes = NO_ANSWERS,
) -> Evaluation:
    """An evaluation with these scores, the first and its changes: score, na_share, failed, watched_percent."""
    evaluation = Evaluation.objects.create(
        recording=recording, version=of, scorer=scorer, submitted_at=MORNING
    )
    for number, given in enumerate(scores, 1):
        add_score(evaluation, number, answers, **given)
    return evaluation


def add_score(
    evaluation: Evaluation,
    number: int,
    answers: bytes = NO_ANSWERS,
    *,
    score: str | None,
    na_share: str | None = "0.00",
    failed: int = 0,
    watched_percent: int | None = 100,
    sections: list[dict[str, Any]] | None = None,
) -> EvaluationScore:
    fails = [{"question": f"q{place}", "section": "s", "fail": "form"} for place in range(failed)]
    result = {"complete": True, "score": score, "score_without_fails": score, "failed": fails}
    return EvaluationScore.objects.create(
        evaluation=evaluation,
        number=number,
        scored_at=MORNING,
        answers=answers,
        answers_hash="sha256:0",
        result=json.loads(json.dumps({**result, "na_share": na_share, "sections": sections or []})),
        watched=[],
        watched_percent=watched_percent,
        event_id=uuid7(),
    )
