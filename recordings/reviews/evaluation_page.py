"""What the pages of an evaluation show."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext

from recordings.audit.opened import open_event
from recordings.models import Evaluation, EvaluationScore
from recordings.models.fields import Spans
from recordings.playback.queries import watched_of
from recordings.reviews.answered import Answered, Fields
from recordings.reviews.evaluations import check_answers, share_watched
from recordings.reviews.preview import asked_in, short
from recordings.reviews.shown import ShownQuestion, sections_of
from recordings.scorecards.form import Form
from recordings.scorecards.score import score
from recordings.wording import clock


@dataclass(frozen=True)
class ShownAnswer:
    """A question with what was typed into it. `moment` is where it points, in words; `problem` says what is wrong."""

    shown: ShownQuestion
    is_asked: bool
    choices: list[tuple[str, str, bool]]
    value: str
    is_na: bool
    reason: str
    comment: str
    at: str
    moment: str
    problem: str


@dataclass(frozen=True)
class ShownPart:
    """A section of an evaluation."""

    title: str
    answers: list[ShownAnswer]


@dataclass(frozen=True)
class Live:
    """What stands beside the form: the score so far, the shares, what is missing, and which questions are asked."""

    score: str
    is_complete: bool
    na_share: str
    watched_percent: int | None
    watched: str
    missing: int
    asked: str

    @classmethod
    def of(cls, evaluation: Evaluation, form: Form, answered: Answered) -> "Live":
        """Compute it from what was typed and watched until now."""
        watched = watched_of(evaluation.recording_id, evaluation.scorer_id).mine
        result = score(form, answered.answers, so_far=True)
        return cls(
            score=short(result.score),
            is_complete=result.complete,
            na_share=short(result.na_share),
            watched_percent=share_watched(watched, evaluation.recording),
            watched=_length(watched),
            missing=len(check_answers(form, answered, watched)),
            asked=" ".join(sorted(asked_in(form, answered.answers))),
        )


@dataclass(frozen=True)
class Difference:
    """An answer that a change changed, in words."""

    question: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownScore:
    """A submitted score, the first or a change. `reason` and `texts` are personal values of its event."""

    row: EvaluationScore
    score: str
    na_share: str
    watched: str
    reason: str
    actor: str
    differences: list[Difference]


def parts_of(
    form: Form, fields: Fields, answered: Answered, problems: Mapping[str, Any], language: str
) -> list[ShownPart]:
    """Return the sections of a form with what was typed."""
    asked = asked_in(form, answered.answers)
    return [
        ShownPart(
            section.title,
            [_answer(shown, fields, shown.question.key in asked, problems) for shown in section.questions],
        )
        for section in sections_of(form, language)
    ]


def typed_of(row: EvaluationScore) -> dict[str, list[str]]:
    """Return a submitted score as the fields of the page, with the personal texts that can still be read."""
    answers: dict[str, Any] = json.loads(bytes(row.answers))["answers"]
    fields: dict[str, list[str]] = {}
    for key, node in answers.items():
        for name in ("option", "number", "text", "date"):
            if name in node:
                fields[f"answer.{key}"] = [node[name]]
        if node.get("options"):
            fields[f"answer.{key}"] = node["options"]
        if node.get("na"):
            fields[f"na.{key}"] = ["1"]
        if at := moment_of(node):
            fields[f"at.{key}"] = [at]
    for key, texts in texts_of(row.event_id).items():
        fields |= {f"{name}.{key}": [text] for name, text in texts.items()}
    return fields


def texts_of(event_id: UUID) -> dict[str, dict[str, str]]:
    """Return comments, reasons and typed answers from the event of answers; empty when they were erased."""
    event = open_event(event_id)
    disclosed = event.disclosed.get("action_detail.texts") if event else None
    texts: dict[str, dict[str, str]] = json.loads(disclosed.value) if disclosed else {}
    return texts


def scores_of(evaluation: Evaluation, form: Form, language: str) -> list[ShownScore]:
    """List the scores of an evaluation, the newest first, each with what it changed."""
    shown: list[ShownScore] = []
    before: EvaluationScore | None = None
    for row in evaluation.scores.order_by("number"):
        event = open_event(row.event_id)
        shown.append(
            ShownScore(
                row=row,
                score=(row.result["score"] or "").removesuffix(".00"),
                na_share=(row.result["na_share"] or "").removesuffix(".00"),
                watched=_length(row.watched),
                reason=event.private("action_detail.reason") if event else "",
                actor=event.actor_name if event else "",
                differences=_differences(form, before, row, language) if before else [],
            )
        )
        before = row
    return shown[::-1]


def _answer(shown: ShownQuestion, fields: Fields, is_asked: bool, problems: Mapping[str, Any]) -> ShownAnswer:
    key = shown.question.key
    values = fields.get(f"answer.{key}", [])
    at = _first(fields, f"at.{key}")
    return ShownAnswer(
        shown=shown,
        is_asked=is_asked,
        choices=[
            (option.key, outcome.label, option.key in values)
            for option, outcome in zip(shown.question.options, shown.outcomes, strict=False)
        ],
        value=values[0] if values else "",
        is_na=bool(fields.get(f"na.{key}")),
        reason=_first(fields, f"reason.{key}"),
        comment=_first(fields, f"comment.{key}"),
        at=at,
        moment=moment_in_words(at),
        problem=str(problems.get(key, "")),
    )


def moment_in_words(at: str) -> str:
    """Write where an answer points: `83000` as 1:23, `83000-90000` as 1:23–1:30."""
    ends = [end for end in at.split("-") if end.isdecimal()]
    return "–".join(clock(int(end) // 1000) for end in ends)


def _differences(
    form: Form, before: EvaluationScore, after: EvaluationScore, language: str
) -> list[Difference]:
    old, new = (json.loads(bytes(row.answers))["answers"] for row in (before, after))
    differences = []
    for section in sections_of(form, language):
        for shown in section.questions:
            key = shown.question.key
            if old.get(key) != new.get(key):
                differences.append(
                    Difference(
                        shown.text, answer_in_words(shown, old.get(key)), answer_in_words(shown, new.get(key))
                    )
                )
    return differences


def answer_in_words(shown: ShownQuestion, node: dict[str, Any] | None) -> str:
    """Write an answer of a file, and where it points; a dash for none, "…" for a text."""
    value, moment = value_in_words(shown, node), moment_in_words(moment_of(node or {}))
    return f"{value} · {moment}" if moment else value


def value_in_words(shown: ShownQuestion, node: dict[str, Any] | None) -> str:
    """Write an answer of a file, without where it points; a text is "…"."""
    if node is None:
        return "–"
    if node.get("na"):
        return gettext("N/A")
    labels = {
        option.key: outcome.label
        for option, outcome in zip(shown.question.options, shown.outcomes, strict=False)
    }
    keys = node.get("options", [node["option"]] if "option" in node else [])
    if "options" in node and not keys:
        return "–"
    return str(
        ", ".join(labels.get(key, key) for key in keys) or node.get("number") or node.get("date") or "…"
    )


def moment_of(node: dict[str, Any]) -> str:
    """Return where an answer points as the page's field has it: `83000`, `83000-90000`, or nothing."""
    if "at_ms" in node:
        return str(node["at_ms"])
    return f"{node['from_ms']}-{node['to_ms']}" if "from_ms" in node else ""


def _length(spans: Spans) -> str:
    return clock(sum(end - start for start, end in spans) // 1000)


def _first(fields: Fields, name: str) -> str:
    return (fields.get(name) or [""])[0]
