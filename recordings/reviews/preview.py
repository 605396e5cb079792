"""What a form would score, with what the next click would change. Computed by the scorer, and never stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.utils.translation import gettext

from recordings.reviews.shown import ShownQuestion, sections_of
from recordings.scorecards.answers import Answer, range_of
from recordings.scorecards.form import Form, Question
from recordings.scorecards.numbers import parse_number, show
from recordings.scorecards.scaled import prepared
from recordings.scorecards.score import Result, score

# What the next click would do is computed for so many options; each is a score of the whole form.
MOST_OUTCOMES = 400


@dataclass(frozen=True)
class NextClick:
    """An option: whether it is chosen, and what choosing it would do, such as "86 → 79" or "fatal: 86 → 0"."""

    key: str
    label: str
    is_chosen: bool
    effect: str
    is_fatal: bool


@dataclass(frozen=True)
class PreviewQuestion:
    """A question that is asked after the answers so far."""

    shown: ShownQuestion
    options: list[NextClick]
    typed: str
    is_na: bool


@dataclass(frozen=True)
class Preview:
    """The score so far; empty when nothing counts yet."""

    score: str
    without_fails: str
    questions: list[PreviewQuestion]


def answers_from(form: Form, fields: Mapping[str, list[str]]) -> dict[str, Answer]:
    """Read answers from the fields of a page, by question. What the form does not allow counts as not answered."""
    answers = {}
    for _section, question in form.questions():
        answer = _answer(question, fields.get(f"answer.{question.key}", []))
        if question.na and fields.get(f"na.{question.key}"):
            answer = Answer(na=True, reason="-")
        if answer is not None:
            answers[question.key] = answer
    return answers


def preview_of(form: Form, answers: Mapping[str, Answer], language: str) -> Preview:
    """Compute the score so far, and what each option would do to it."""
    now, asked = score(form, answers, so_far=True), asked_in(form, answers)
    left, questions = MOST_OUTCOMES, []
    for section in sections_of(form, language):
        for shown in section.questions:
            if shown.question.key not in asked:
                continue
            answer, options = answers.get(shown.question.key), []
            for outcome, (key, then, is_chosen) in zip(
                shown.outcomes, _next_answers(shown.question, answer), strict=True
            ):
                after = None
                if left and shown.question.is_scored:
                    left -= 1
                    after = score(form, {**answers, shown.question.key: then}, so_far=True)
                options.append(NextClick(key, outcome.label, is_chosen, *_effect(now, after, is_chosen)))
            typed = show_number(answer)
            questions.append(PreviewQuestion(shown, options, typed, answer is not None and answer.na))
    return Preview(short(now.score), short(now.score_without_fails), questions)


def asked_in(form: Form, answers: Mapping[str, Answer]) -> set[str]:
    """Return the questions that are asked after these answers."""
    valid: dict[str, Answer] = {}
    asked = set()
    for question in prepared(form).questions:
        if question.is_asked(valid):
            asked.add(question.key)
            if question.key in answers:
                valid[question.key] = answers[question.key]
    return asked


def short(number: Fraction | None) -> str:
    """Write a score without decimals that are 0; empty for none."""
    return (show(number) or "").removesuffix(".00")


def show_number(answer: Answer | None) -> str:
    """Write the number of an answer as it is typed."""
    if answer is None or answer.number is None:
        return ""
    return f"{float(answer.number):.4f}".rstrip("0").rstrip(".")


def _answer(question: Question, values: list[str]) -> Answer | None:
    values = [value for value in values if value]
    if not values:
        return None
    if question.type in ("choice", "multiple"):
        known = [option.key for option in question.options if option.key in values]
        return (
            Answer(options=tuple(known[: 1 if question.type == "choice" else None]), has_moment=True)
            if known
            else None
        )
    if question.type == "number":
        number = parse_number(values[0].strip(), signed=True)
        fits = number is not None and question.step and not number % question.step
        return Answer(number=number, has_moment=True) if fits and range_of(question, number) else None  # type: ignore[arg-type]
    if question.type == "date":
        try:
            date.fromisoformat(values[0])
        except ValueError:
            return None
    return Answer(has_moment=True)


def _next_answers(question: Question, answer: Answer | None) -> list[tuple[str, Answer, bool]]:
    """List what can be answered next: the key of the option, the answer then, and whether it is chosen now.

    For a number there is one in each range, without a key.
    """
    chosen = answer.options if answer else ()
    if question.type != "number":
        return [
            (option.key, _with(question, answer, option.key), option.key in chosen)
            for option in question.options
        ]
    now = range_of(question, answer.number) if answer and answer.number is not None else None
    return [
        ("", Answer(number=_some_number(range_.low, range_.high), has_moment=True), range_ is now)
        for range_ in question.ranges
    ]


def _some_number(low: Fraction | None, high: Fraction | None) -> Fraction:
    return low if low is not None else high if high is not None else Fraction(0)


def _with(question: Question, answer: Answer | None, option: str) -> Answer:
    """Return the answer after a click on an option: in several choices a click adds or removes it."""
    if question.type == "choice" or answer is None or answer.na:
        return Answer(options=(option,), has_moment=True)
    chosen = set(answer.options) ^ {option}
    return Answer(
        options=tuple(other.key for other in question.options if other.key in chosen), has_moment=True
    )


def _effect(now: Result, after: Result | None, is_chosen: bool) -> tuple[str, bool]:
    """Say what a click does to the score, and whether it fails the whole form."""
    if after is None or is_chosen:
        return "", False
    words = {"before": short(now.score) or "–", "after": short(after.score) or "–"}
    failed_before = any(failed.fail == "form" for failed in now.failed)
    if not failed_before and any(failed.fail == "form" for failed in after.failed):
        return gettext("fatal: %(before)s → %(after)s") % words, True
    return gettext("%(before)s → %(after)s") % words, False
