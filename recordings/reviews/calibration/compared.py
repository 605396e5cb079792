"""What the participants of a calibration answered, side by side, once scoring has ended."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from recordings.audit.opened import COLUMNS, OpenedRow, open_events, stored
from recordings.models import AuditEvent, CalibrationComment, EvaluationScore, Recording
from recordings.reviews.calibration.agreement import COMPARED, Agreement, agreement_on, value_of
from recordings.reviews.calibration.queries import Progress
from recordings.reviews.evaluation_page import answer_in_words
from recordings.reviews.shown import ShownQuestion, ShownSection, sections_of
from recordings.scorecards.form import read_form

Answers = Mapping[str, Any]


@dataclass(frozen=True)
class Cell:
    """A scorer's answer in words, with what they wrote to it. `differs`: from the agreed card."""

    name: str
    answer: str
    texts: list[str]
    differs: bool


@dataclass(frozen=True)
class Comment:
    """A comment as its event has it; `text` says so when it was erased."""

    author: str
    at: Any
    text: str


@dataclass(frozen=True)
class Line:
    """A question of one recording: a cell for each scorer, the agreed answer, and the discussion."""

    shown: ShownQuestion
    cells: list[Cell]
    agreed: str
    is_disputed: bool
    comments: list[Comment]


@dataclass(frozen=True)
class Scored:
    """A scorer of one recording. `distance`: score minus agreed score; `differing` of `compared` questions differ."""

    name: str
    score: str
    distance: str
    differing: int
    compared: int


@dataclass(frozen=True)
class ComparedRecording:
    """A recording with the scorers who submitted, and a line for each question of each section."""

    recording: Recording
    scored: list[Scored]
    agreed_score: str
    parts: list[tuple[str, list[Line]]]


@dataclass(frozen=True)
class QuestionAgreement:
    """How far the scorers agreed on a question, over all recordings of the calibration."""

    shown: ShownQuestion
    agreement: Agreement

    @property
    def percent(self) -> str:
        """The per cent with one decimal; empty where it is not defined."""
        return "" if self.agreement.percent is None else f"{float(self.agreement.percent):.1f}"

    @property
    def alpha(self) -> str:
        """α with two decimals; empty where it is not defined."""
        return "" if self.agreement.alpha is None else f"{float(self.agreement.alpha):.2f}"


@dataclass
class _Of:
    """What was submitted of one recording: by scorer, and the agreed card."""

    scores: dict[int, EvaluationScore] = field(default_factory=dict)
    agreed: EvaluationScore | None = None


@dataclass(frozen=True)
class Compared:
    """All of it. `agreements` has the questions whose answers can be compared."""

    recordings: list[ComparedRecording]
    agreements: list[QuestionAgreement]

    @classmethod
    def of(cls, progress: Progress, language: str) -> "Compared":
        """Read and compare. A handful of queries, however many answers."""
        form = read_form(bytes(progress.row.version.document))
        sections = sections_of(form, language)
        by_recording = _submitted(progress)
        comments = list(CalibrationComment.objects.filter(calibration=progress.row).order_by("commented_at"))
        scores = [row for of in by_recording.values() for row in (*of.scores.values(), of.agreed) if row]
        events = _opened([row.event_id for row in scores] + [comment.event_id for comment in comments])
        said: dict[tuple[UUID, str], list[Comment]] = defaultdict(list)
        for comment in comments:
            event = events.get(comment.event_id)
            text = event.private("action_detail.comment") if event else ""
            author = event.actor_name if event else ""
            said[comment.recording_id, comment.question].append(Comment(author, comment.commented_at, text))
        names = {person.pk: str(person.display_name) for person in progress.people}
        return cls(
            [
                _recording(recording, by_recording[recording.pk], sections, names, events, said)
                for recording in progress.recordings
            ],
            _agreements(sections, by_recording.values()),
        )


def distance(score: Answers, agreed: Answers) -> Decimal | None:
    """Return a result's score minus that of the agreed card, in points; None when one of them has no score."""
    if score["score"] is None or agreed["score"] is None:
        return None
    return Decimal(score["score"]) - Decimal(agreed["score"])


def answers_of(row: EvaluationScore) -> dict[str, Any]:
    """Return the answers of a score, by question."""
    answers: dict[str, Any] = json.loads(bytes(row.answers))["answers"]
    return answers


def differing(shown: Iterable[ShownQuestion], mine: Answers, agreed: Answers) -> tuple[int, int]:
    """Return how many questions are answered otherwise than on the agreed card, and of how many.

    Compared are choices and numbers that at least one of the two answered.
    """
    pairs = [
        (mine.get(key), agreed.get(key), question.question)
        for question in shown
        for key in [question.question.key]
        if question.question.type in COMPARED and (key in mine or key in agreed)
    ]
    return sum(not _is_same(question, one, other) for one, other, question in pairs), len(pairs)


def _is_same(question: Any, one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one.get("na")) == bool(other.get("na")) and value_of(question, one) == value_of(
        question, other
    )


def _submitted(progress: Progress) -> dict[UUID, _Of]:
    by_recording = {recording.pk: _Of() for recording in progress.recordings}
    rows = EvaluationScore.objects.filter(evaluation__calibration=progress.row).select_related("evaluation")
    for row in rows.order_by("scored_at"):
        of = by_recording[row.evaluation.recording_id]
        if row.evaluation.is_agreed_card:
            of.agreed = row  # the newest
        else:
            of.scores[row.evaluation.scorer_id] = row
    return by_recording


def _recording(
    recording: Recording,
    of: _Of,
    sections: Sequence[ShownSection],
    names: Mapping[int, str],
    events: Mapping[UUID, OpenedRow],
    said: Mapping[tuple[UUID, str], list[Comment]],
) -> ComparedRecording:
    scorers = [person for person in names if person in of.scores]
    answers = {person: answers_of(of.scores[person]) for person in scorers}
    texts = {person: _texts(events.get(of.scores[person].event_id)) for person in scorers}
    agreed = answers_of(of.agreed) if of.agreed else None
    questions = [shown for section in sections for shown in section.questions]
    scored = []
    for person in scorers:
        points = distance(of.scores[person].result, of.agreed.result) if of.agreed else None
        score = of.scores[person].result["score"] or ""
        others = differing(questions, answers[person], agreed) if agreed is not None else (0, 0)
        scored.append(
            Scored(names[person], _short(score), "" if points is None else _signed(points), *others)
        )
    parts = []
    for section in sections:
        lines = []
        for shown in section.questions:
            key, question = shown.question.key, shown.question
            nodes = [answers[person].get(key) for person in scorers]
            wanted = agreed.get(key) if agreed is not None else None
            is_compared = question.type in COMPARED
            cells = [
                Cell(
                    names[person],
                    answer_in_words(shown, node),
                    list(texts[person].get(key, {}).values()),
                    is_compared and agreed is not None and not _is_same(question, node, wanted),
                )
                for person, node in zip(scorers, nodes, strict=True)
            ]
            disputed = is_compared and any(not _is_same(question, nodes[0], node) for node in nodes[1:])
            words = answer_in_words(shown, wanted) if agreed is not None else ""
            lines.append(Line(shown, cells, words, disputed, said.get((recording.pk, key), [])))
        parts.append((section.title, lines))
    agreed_score = _short(of.agreed.result["score"] or "–") if of.agreed else ""
    return ComparedRecording(recording, scored, agreed_score, parts)


def _agreements(sections: Iterable[ShownSection], submitted: Iterable[_Of]) -> list[QuestionAgreement]:
    units = [[answers_of(row) for row in of.scores.values()] for of in submitted]
    found = []
    for section in sections:
        for shown in section.questions:
            question = shown.question
            if question.type in COMPARED:
                values = [
                    [value_of(question, answers.get(question.key)) for answers in unit] for unit in units
                ]
                known = [[value for value in unit if value is not None] for unit in values]
                found.append(QuestionAgreement(shown, agreement_on(question, known)))
    return found


def _opened(event_ids: Sequence[UUID]) -> dict[UUID, OpenedRow]:
    rows = stored(AuditEvent.objects.filter(event_id__in=event_ids).values_list(*COLUMNS))
    return {row.stored.event_id: row for row in open_events(rows)}


def _texts(event: OpenedRow | None) -> dict[str, dict[str, str]]:
    """Return comments, reasons and typed answers of a score; empty when they were erased."""
    disclosed = event.disclosed.get("action_detail.texts") if event else None
    texts: dict[str, dict[str, str]] = json.loads(disclosed.value) if disclosed else {}
    return texts


def _signed(points: Decimal) -> str:
    return _short(f"{points:+}") if points else "0"


def _short(score: str) -> str:
    return score.removesuffix(".00")
