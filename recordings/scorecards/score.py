"""Compute the score of a form's answers by the rules of docs/scorecards.md. Exact until it is formatted."""

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
    """A scored question with an answer other than N/A: its weight w, its maximum of points m, its share p."""

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
    """A score. Scores and shares are exact, in percent; None means "no score". `sections` has all keys in order."""

    complete: bool
    score: Fraction | None
    score_without_fails: Fraction | None
    failed: tuple[Failed, ...]
    na_share: Fraction | None
    sections: dict[str, Fraction | None]
    form_hash: str

    def as_json(self) -> dict[str, Any]:
        """Return the result as printed by `manage.py score_form`. Each number is rounded once, to two decimals."""
        return {
            "complete": self.complete,
            "score": show(self.score),
            "score_without_fails": show(self.score_without_fails),
            "failed": [vars(failed) for failed in self.failed],
            "na_share": show(self.na_share),
            "sections": [{"key": key, "score": show(share)} for key, share in self.sections.items()],
            "form_hash": self.form_hash,
        }


def score(form: Form, submitted: Mapping[str, Answer]) -> Result:
    """Compute the score of a form without faults (see lint.py)."""
    # 1. Find the asked and the answered questions. A critical one needs a moment, or a reason for N/A.
    asked, answers = _asked_and_answered(form, submitted)
    complete = all(
        question.key in answers
        for _, question in form.questions()
        if question.key in asked and (question.is_scored or question.critical)
    )
    # 2. Collect what counts in each section, and the fails that take effect, whatever the weight.
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
    # 3. Compute the score with and without the fails. The cap is applied last.
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


def _asked_and_answered(form: Form, submitted: Mapping[str, Answer]) -> tuple[set[str], dict[str, Answer]]:
    asked: set[str] = set()
    answers: dict[str, Answer] = {}
    for _, question in form.questions():
        # A condition is false if its question was not asked, not answered, or answered with N/A.
        results = (_holds(condition, answers.get(condition.question)) for condition in question.conditions)
        if question.conditions and not (all(results) if question.joined_by == "all" else any(results)):
            continue
        asked.add(question.key)
        answer = submitted.get(question.key)
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
        range_ = range_of(question, answer.number)
        return range_.points if range_ else _ZERO
    points = sum((option.points for option in question.options if option.key in answer.options), _ZERO)
    return min(points, question.most_points)


def _fails(question: Question, answer: Answer, share: Fraction) -> Iterable[str]:
    """List the fails of an answer, each once: of its options or range, then of `fail_below`. Equal does not fail."""
    fails = [option.fail for option in question.options if option.key in answer.options]
    if answer.number is not None and (range_ := range_of(question, answer.number)):
        fails.append(range_.fail)
    if question.fail_below is not None and 100 * share < question.fail_below:
        fails.append(question.fail)
    return dict.fromkeys(fail for fail in fails if fail)


def _by_points(form: Form, counted: Mapping[str, list[Counted]], failed: set[str]) -> Fraction | None:
    reached = whole = _ZERO
    for section in form.sections:
        numerator, divisor = _sums(section, counted[section.key], lambda item: item.weight * item.most)
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
    """Return a section's share in percent; None without a core question. A bonus section always has one."""
    by_points = form.mode == "points"
    numerator, divisor = _sums(section, counted, lambda item: item.weight * (item.most if by_points else 1))
    if not divisor:
        return _ZERO if section.bonus else None
    return percent(_ZERO if failed else numerator, divisor)


def _sums(
    section: Section, counted: list[Counted], weigh: Callable[[Counted], Fraction]
) -> tuple[Fraction, Fraction]:
    """Return what all counted questions reached, bonus included, and the maximum of the core questions.

    A bonus section has no core: its maximum is that of all its questions.
    """
    numerator = sum((weigh(item) * item.share for item in counted), _ZERO)
    core = (weigh(item) for item in counted if section.bonus or not item.question.bonus)
    return numerator, sum(core, _ZERO)


def _capped(value: Fraction | None, cap: Fraction | None) -> Fraction | None:
    return value if value is None or cap is None else min(value, cap)


def _na_share(form: Form, answers: Mapping[str, Answer]) -> Fraction | None:
    """Return the weight of the N/A answers, in percent of all core questions that are answered or N/A."""
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
