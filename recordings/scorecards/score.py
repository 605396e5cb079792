"""The score of a form's answers. docs/scorecards.md states the rule; all of it is exact until it is shown."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from recordings.scorecards.answers import Answer, range_of
from recordings.scorecards.form import Condition, Form, Question, Section
from recordings.scorecards.numbers import percent, show

_ZERO = Fraction(0)


@dataclass(frozen=True)
class Counted:
    """A question that was asked and answered otherwise than N/A: its weight w, its most points m, its share p."""

    question: Question
    weight: Fraction
    most: Fraction
    share: Fraction


@dataclass(frozen=True)
class Failed:
    """A fail that took effect. `fail` is `section` or `form`."""

    question: str
    section: str
    fail: str


@dataclass(frozen=True)
class Result:
    """A score. Scores and shares are in per cent, exact; None is "no score". `sections` has all keys in order."""

    complete: bool
    score: Fraction | None
    score_without_fails: Fraction | None
    failed: tuple[Failed, ...]
    na_share: Fraction | None
    sections: dict[str, Fraction | None]
    form_hash: str

    def as_json(self) -> dict[str, Any]:
        """Return the result as `manage.py score_form` prints it: each number rounded once, to two places."""
        return {
            "complete": self.complete,
            "score": show(self.score),
            "score_without_fails": show(self.score_without_fails),
            "failed": [vars(failed) for failed in self.failed],
            "na_share": show(self.na_share),
            "sections": [{"key": key, "score": show(share)} for key, share in self.sections.items()],
            "form_hash": self.form_hash,
        }


def score(form: Form, given: Mapping[str, Answer]) -> Result:
    """Compute the score of a form in which lint.py finds no fault."""
    # 1. Which questions are asked, and which of them are answered. A critical one needs a moment, or a reason for N/A.
    asked, answers = _asked_and_answered(form, given)
    complete = all(
        question.key in answers
        for _, question in form.questions()
        if question.key in asked and (question.is_scored or question.critical)
    )
    # 2. What counts in each section, and which fails take effect, whatever the weight.
    counted: dict[str, list[Counted]] = {section.key: [] for section in form.sections}
    failed: list[Failed] = []
    for section, question in form.questions():
        answer = answers.get(question.key)
        if answer is None or answer.na or not question.is_scored:
            continue
        most = question.most_points
        share = _points(question, answer) / most if most else _ZERO
        failed += [Failed(question.key, section.key, fail) for fail in _fails(question, answer, share)]
        if question.weight and section.weight and most:
            counted[section.key].append(Counted(question, question.weight, most, share))
    # 3. The score with the fails and without them; the cap comes last.
    failed_sections = {fail.section for fail in failed if fail.fail == "section"}
    compute = _by_points if form.mode == "points" else _by_sections
    with_fails = compute(form, counted, failed_sections)
    without_fails = compute(form, counted, set())
    if any(fail.fail == "form" for fail in failed):
        with_fails = _ZERO

    return Result(
        complete=complete,
        score=_capped(with_fails, form.bonus_cap) if complete else None,
        score_without_fails=_capped(without_fails, form.bonus_cap) if complete else None,
        failed=tuple(failed),
        na_share=_na_share(form, answers) if complete else None,
        sections={
            section.key: _section_share(form, section, counted[section.key], section.key in failed_sections)
            for section in form.sections
        },
        form_hash=form.hash,
    )


def _asked_and_answered(form: Form, given: Mapping[str, Answer]) -> tuple[set[str], dict[str, Answer]]:
    asked: set[str] = set()
    answers: dict[str, Answer] = {}
    for _, question in form.questions():
        # A condition on a question that is not asked, not answered or N/A is false: it finds no answer here.
        holding = (_holds(condition, answers.get(condition.question)) for condition in question.conditions)
        if question.conditions and not (all(holding) if question.joined_by == "all" else any(holding)):
            continue
        asked.add(question.key)
        answer = given.get(question.key)
        if answer and question.critical and not (answer.reason.strip() if answer.na else answer.has_moment):
            answer = None
        if answer:
            answers[question.key] = answer
    return asked, answers


def _holds(condition: Condition, answer: Answer | None) -> bool:
    if answer is None or answer.na:
        return False
    if condition.op == "in_range":
        number = answer.number
        return (
            number is not None
            and (condition.low is None or condition.low <= number)
            and (condition.high is None or number <= condition.high)
        )
    chosen = set(answer.options) & set(condition.options)
    return bool(chosen) if condition.op == "in" else not chosen


def _points(question: Question, answer: Answer) -> Fraction:
    if answer.number is not None:
        held = range_of(question, answer.number)
        return held.points if held else _ZERO
    points = sum((option.points for option in question.options if option.key in answer.options), _ZERO)
    return min(points, question.most_points)


def _fails(question: Question, answer: Answer, share: Fraction) -> Iterable[str]:
    """The fails of an answer, each once: by option or range, then by `fail_below`. Equal does not fail."""
    fails = [option.fail for option in question.options if option.key in answer.options]
    if answer.number is not None and (held := range_of(question, answer.number)):
        fails.append(held.fail)
    if question.fail_below is not None and 100 * share < question.fail_below:
        fails.append(question.fail)
    return dict.fromkeys(fail for fail in fails if fail)


def _by_points(form: Form, counted: Mapping[str, list[Counted]], failed: set[str]) -> Fraction | None:
    reached = whole = _ZERO
    for section in form.sections:
        numerator, divisor = _sums(section, counted[section.key], lambda one: one.weight * one.most)
        reached += section.weight * (_ZERO if section.key in failed else numerator)
        whole += section.weight * (_ZERO if section.bonus else divisor)
    return percent(reached, whole)


def _by_sections(form: Form, counted: Mapping[str, list[Counted]], failed: set[str]) -> Fraction | None:
    reached = whole = _ZERO
    for section in form.sections:
        share = _section_share(form, section, counted[section.key], section.key in failed)
        if share is None:
            continue
        reached += section.weight * share
        whole += _ZERO if section.bonus else section.weight
    return reached / whole if whole else None


def _section_share(form: Form, section: Section, counted: list[Counted], failed: bool) -> Fraction | None:
    """Return a section's share in per cent; None without a core question. A bonus section has one in any case."""
    by_points = form.mode == "points"
    numerator, divisor = _sums(section, counted, lambda one: one.weight * (one.most if by_points else 1))
    if not divisor:
        return _ZERO if section.bonus else None
    return percent(_ZERO if failed else numerator, divisor)


def _sums(
    section: Section, counted: list[Counted], weigh: Callable[[Counted], Fraction]
) -> tuple[Fraction, Fraction]:
    """What was reached by all that count, bonus included; and the most that the core can reach.

    In a bonus section there is no core: the most is that of all its questions.
    """
    numerator = sum((weigh(one) * one.share for one in counted), _ZERO)
    core = (weigh(one) for one in counted if section.bonus or not one.question.bonus)
    return numerator, sum(core, _ZERO)


def _capped(value: Fraction | None, cap: Fraction | None) -> Fraction | None:
    return value if value is None or cap is None else min(value, cap)


def _na_share(form: Form, answers: Mapping[str, Answer]) -> Fraction | None:
    """Return the weight of the N/A answers in per cent of all core questions that are answered or N/A."""
    not_applicable = whole = _ZERO
    for section in form.sections:
        core = [
            question
            for question in section.questions
            if question.key in answers and question.is_scored and not question.bonus and not section.bonus
        ]
        weights = {
            question.key: section.weight
            * question.weight
            * (question.most_points if form.mode == "points" else 1)
            for question in core
            if question.most_points
        }
        if form.mode == "sections" and (inside := sum((q.weight for q in core if q.most_points), _ZERO)):
            weights = {key: weight / inside for key, weight in weights.items()}
        whole += sum(weights.values(), _ZERO)
        not_applicable += sum((weight for key, weight in weights.items() if answers[key].na), _ZERO)
    return percent(not_applicable, whole)
