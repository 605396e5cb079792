"""Compute the score of a form's answers by the rules of docs/scorecards.md. Exact until it is formatted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from recordings.scorecards.answers import Answer
from recordings.scorecards.form import Form, Section
from recordings.scorecards.numbers import show
from recordings.scorecards.scaled import ScaledQuestion, prepared

_ZERO = Fraction(0)


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


@dataclass(slots=True)
class _Sums:
    """What the answers of a section add up to. Whole numbers in one unit for each section.

    `reached` is of all questions that count, `core` the maximum of those that are not bonus; in a bonus section, of
    all. `answered` is the maximum of the core questions that are answered or N/A, `not_applicable` of those N/A.
    """

    reached: int = 0
    core: int = 0
    not_applicable: int = 0
    answered: int = 0

    def share(self, section: Section, failed: bool) -> Fraction | None:
        """Return the section's share in percent; None without a core question. A bonus section always has one."""
        if not self.core:
            return _ZERO if section.bonus else None
        return _ZERO if failed else Fraction(100 * self.reached, self.core)


def score(form: Form, submitted: Mapping[str, Answer], *, so_far: bool = False) -> Result:
    """Compute the score of a form without faults (see lint.py).

    `so_far`: compute it also of a card that is not complete, from the questions answered so far. It is shown while
    somebody answers, and never stored.
    """
    # 1. Find the asked and the answered questions. A critical one needs a moment, or a reason for N/A.
    questions = prepared(form).questions
    answers, complete = _answered(questions, submitted)
    # 2. Add up what counts in each section, and the fails that take effect, whatever the weight.
    sums = [_Sums() for _ in form.sections]
    failed: list[Failed] = []
    for question in questions:
        answer = answers.get(question.key)
        if answer is None or not question.is_scored:
            continue
        section, added = form.sections[question.section], sums[question.section]
        if not question.bonus and not section.bonus:
            added.answered += question.full
            added.not_applicable += question.full if answer.na else 0
        if answer.na:
            continue
        points, fails = question.outcome(answer)
        failed += [Failed(question.key, section.key, fail) for fail in fails]
        added.reached += points * question.factor
        if section.bonus or not question.bonus:
            added.core += question.full
    # 3. Compute the score with and without the fails. The cap is applied last.
    failed_sections = {fail.section for fail in failed if fail.fail == "section"}
    without_fails = _average(form, [(added.reached, added.core) for added in sums])
    with_fails = without_fails
    if failed_sections:
        left = [section.key not in failed_sections for section in form.sections]
        with_fails = _average(
            form, [(a.reached * is_left, a.core) for a, is_left in zip(sums, left, strict=True)]
        )
    if any(fail.fail == "form" for fail in failed):
        with_fails = _ZERO

    shown = complete or so_far
    return Result(
        complete=complete,
        score=_capped(with_fails, form.bonus_cap) if shown else None,
        score_without_fails=_capped(without_fails, form.bonus_cap) if shown else None,
        failed=tuple(failed),
        na_share=_average(form, [(a.not_applicable, a.answered) for a in sums]) if shown else None,
        sections={
            section.key: added.share(section, section.key in failed_sections)
            for section, added in zip(form.sections, sums, strict=True)
        },
        form_hash=form.hash,
    )


def _answered(
    questions: Sequence[ScaledQuestion], submitted: Mapping[str, Answer]
) -> tuple[dict[str, Answer], bool]:
    """Return the answers that are valid, of the questions that are asked, and whether none is missing."""
    answers: dict[str, Answer] = {}
    complete = True
    for question in questions:
        if not question.is_asked(answers):
            continue
        answer = submitted.get(question.key)
        if answer and question.critical and not (answer.reason.strip() if answer.na else answer.has_moment):
            answer = None
        if answer:
            answers[question.key] = answer
        elif question.is_scored or question.critical:
            complete = False
    return answers, complete


def _average(form: Form, parts: Sequence[tuple[int, int]]) -> Fraction | None:
    """Return what the sections reached in all, in percent, from the part and the whole of each; None without a whole.

    In `points` the weighted parts are divided by the weighted wholes; in `sections` the shares are averaged.
    """
    weighted = zip(form.sections, prepared(form).weights, parts, strict=True)
    reached, of, unit = 0, 0, 1
    for section, weight, (part, whole) in weighted:
        if form.mode == "points":
            reached += weight * part
            of += 0 if section.bonus else weight * whole
        elif whole:
            # One denominator for all shares: fractions would be reduced at each step.
            reached = reached * whole + weight * part * unit
            unit *= whole
            of += 0 if section.bonus else weight
    return Fraction(100 * reached, unit * of) if of else None


def _capped(value: Fraction | None, cap: Fraction | None) -> Fraction | None:
    return value if value is None or cap is None else min(value, cap)
