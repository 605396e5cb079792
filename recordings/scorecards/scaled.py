"""A form prepared for scoring: all its numbers as whole ten-thousandths, so that scores are computed with integers."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm

from recordings.scorecards.answers import Answer
from recordings.scorecards.form import Condition, Form, Question

# Numbers in files have at most four decimals.
_SCALE = 10_000


def scaled(number: Fraction) -> int:
    """Return a number of a file in ten-thousandths. Exact."""
    return number.numerator * _SCALE // number.denominator


@dataclass(frozen=True, slots=True)
class ScaledRange:
    """A range of numbers, or the range of a condition. An end of None is open."""

    low: int | None
    high: int | None
    points: int = 0
    fail: str | None = None

    def holds(self, number: int) -> bool:
        """Tell whether the number is in the range."""
        return (self.low is None or self.low <= number) and (self.high is None or number <= self.high)


@dataclass(frozen=True, slots=True)
class ScaledCondition:
    """A condition on an earlier question: its options, or its range."""

    question: str
    op: str
    options: frozenset[str]
    range: ScaledRange

    def holds(self, answer: Answer | None) -> bool:
        """Tell whether an answer meets it. False when the question was not asked, not answered or N/A."""
        if answer is None or answer.na:
            return False
        if self.op == "in_range":
            return answer.number is not None and self.range.holds(scaled(answer.number))
        return self.options.isdisjoint(answer.options) == (self.op == "not_in")


@dataclass(frozen=True, slots=True)
class ScaledQuestion:
    """A question. An answer with some points reaches `points * factor` of its section's `points_of_all`.

    Both are 0 for a question that does not count, because its weight, its section's or its points are 0.
    """

    key: str
    section: int
    is_scored: bool
    critical: bool
    bonus: bool
    joined_by: str
    conditions: tuple[ScaledCondition, ...]
    options: Mapping[str, tuple[int, str | None]]
    ranges: tuple[ScaledRange, ...]
    most: int
    fail: str | None
    fail_below: int | None
    factor: int
    full: int

    def is_asked(self, answers: Mapping[str, Answer]) -> bool:
        """Tell whether its conditions hold."""
        if not self.conditions:
            return True
        results = (condition.holds(answers.get(condition.question)) for condition in self.conditions)
        return all(results) if self.joined_by == "all" else any(results)

    def outcome(self, answer: Answer) -> tuple[int, list[str]]:
        """Return the points of an answer, at most `most`, and its fails, each once.

        Fails come from its options or range first, then from `fail_below`, where equal does not fail.
        """
        points, fails = 0, []
        if answer.number is not None:
            number = scaled(answer.number)
            chosen = [(range_.points, range_.fail) for range_ in self.ranges if range_.holds(number)][:1]
        elif len(answer.options) == 1:
            chosen = [self.options[answer.options[0]]]
        else:
            chosen = [outcome for key, outcome in self.options.items() if key in answer.options]
        for worth, fail in chosen:
            points += worth
            if fail:
                fails.append(fail)
        points = min(points, self.most)
        if self.fail and self.fail_below and 100 * _SCALE * points < self.fail_below * self.most:
            fails.append(self.fail)
        return points, list(dict.fromkeys(fails)) if len(fails) > 1 else fails


@dataclass(frozen=True, slots=True)
class ScaledForm:
    """A form's questions and the weights of its sections, both in order."""

    questions: tuple[ScaledQuestion, ...]
    weights: tuple[int, ...]


@lru_cache(maxsize=64)
def prepared(form: Form) -> ScaledForm:
    """Prepare a form for scoring."""
    questions = []
    for number, section in enumerate(form.sections):
        most = {question.key: scaled(question.most_points) for question in section.questions}
        # In sections each question has the same maximum: a common multiple of all.
        common = lcm(*filter(None, most.values())) if form.mode == "sections" else 0
        for question in section.questions:
            counts = question.is_scored and section.weight and most[question.key]
            weight = scaled(question.weight) if counts else 0
            factor = weight * (common // most[question.key] if counts and common else 1)
            questions.append(_question(question, number, most[question.key], factor))
    return ScaledForm(tuple(questions), tuple(scaled(section.weight) for section in form.sections))


def _question(question: Question, section: int, most: int, factor: int) -> ScaledQuestion:
    return ScaledQuestion(
        key=question.key,
        section=section,
        is_scored=question.is_scored,
        critical=question.critical,
        bonus=question.bonus,
        joined_by=question.joined_by,
        conditions=tuple(map(_condition, question.conditions)),
        options={option.key: (scaled(option.points), option.fail) for option in question.options},
        ranges=tuple(
            ScaledRange(*_ends(range_.low, range_.high), scaled(range_.points), range_.fail)
            for range_ in question.ranges
        ),
        most=most,
        fail=question.fail,
        fail_below=None if question.fail_below is None else scaled(question.fail_below),
        factor=factor,
        full=factor * most,
    )


def _condition(condition: Condition) -> ScaledCondition:
    ends = ScaledRange(*_ends(condition.low, condition.high))
    return ScaledCondition(condition.question, condition.op, frozenset(condition.options), ends)


def _ends(low: Fraction | None, high: Fraction | None) -> tuple[int | None, int | None]:
    return (None if low is None else scaled(low)), (None if high is None else scaled(high))
