"""The quiz of an exemplar: a form of choice questions, built from what was typed, and scored as every form is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import rfc8785
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.reviews.answered import Answered, Fields, only_answers, read_fields
from recordings.reviews.documents import canonical
from recordings.scorecards.form import Form, read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.score import score
from recordings.scorecards.texts import localized

MOST_QUESTIONS, MOST_OPTIONS, LONGEST = 5, 8, 300
RIGHT = "*"
TOO_FEW = _("Write at least two answers, one a line.")
TOO_MANY = _("Write at most 8 answers, each of at most 300 characters.")
NONE_RIGHT = _("No answer is marked as right. Begin the line of the right answer with *.")
NONE_WRONG = _("Every answer is marked as right. Leave one without *.")
NO_TEXT = _("Write the question.")
NOT_ANSWERED = _("Not answered yet.")


@dataclass(frozen=True)
class Typed:
    """A question as it was typed: answers are lines, and a right one begins with RIGHT."""

    text: str
    answers: str

    @property
    def lines(self) -> list[str]:
        return [line.strip() for line in self.answers.splitlines() if line.strip(f" \t{RIGHT}")]

    @property
    def is_empty(self) -> bool:
        return not self.text and not self.lines

    def problem(self) -> str | Promise:
        """Say what is wrong with the question; empty when nothing is."""
        right = [line for line in self.lines if line.startswith(RIGHT)]
        if not self.text:
            return NO_TEXT
        if len(self.lines) < 2:
            return TOO_FEW
        if len(self.lines) > MOST_OPTIONS or any(len(line) > LONGEST for line in self.lines):
            return TOO_MANY
        if not right:
            return NONE_RIGHT
        return NONE_WRONG if len(right) == len(self.lines) else ""


@dataclass(frozen=True)
class ShownQuestion:
    """A question with its answers: key, label, whether it was chosen; and what is missing."""

    key: str
    text: str
    choices: list[tuple[str, str, bool]]
    problem: str


def build_quiz(title: str, questions: Sequence[Typed]) -> tuple[Form, bytes]:
    """Return a quiz as a form with its canonical bytes. The questions have no problem."""
    nodes = [
        {
            "key": f"q{number}",
            "text": question.text,
            "type": "choice",
            "options": [
                {
                    "key": f"a{place}",
                    "label": line.removeprefix(RIGHT).strip(),
                    "points": "1" if line.startswith(RIGHT) else "0",
                }
                for place, line in enumerate(question.lines, start=1)
            ],
        }
        for number, question in enumerate(questions, start=1)
    ]
    document: dict[str, Any] = {
        "format": "auditportal-form/1",
        "title": title,
        "mode": "points",
        "sections": [{"key": "quiz", "title": title, "questions": nodes}],
    }
    form, data = canonical(rfc8785.dumps(document))
    assert not [finding for finding in lint(form) if not finding.warning]  # noqa: S101 (each question was checked)
    return form, data


def shown_quiz(
    data: bytes, fields: Fields, problems: Mapping[str, Any], language: str
) -> list[ShownQuestion]:
    """Return the questions of a quiz with what was chosen."""
    return [
        ShownQuestion(
            question.key,
            localized(question.text, language),
            [
                (
                    option.key,
                    localized(option.label, language),
                    option.key in fields.get(f"answer.{question.key}", []),
                )
                for option in question.options
            ],
            str(problems.get(question.key, "")),
        )
        for _section, question in read_form(data).questions()
    ]


def read_quiz(data: bytes, fields: Fields) -> tuple[Answered, dict[str, Any]]:
    """Return the answers to a quiz, and what is missing, by question."""
    form = read_form(data)
    answered = read_fields(form, only_answers(fields))
    keys = [question.key for _section, question in form.questions()]
    return answered, {
        key: answered.problems.get(key, NOT_ANSWERED) for key in keys if key not in answered.answers
    }


def quiz_score(data: bytes, answered: Answered) -> Decimal:
    """Return the score of a complete quiz, in per cent with two places."""
    return Decimal(score(read_form(data), answered.answers).as_json()["score"])
