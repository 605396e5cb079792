"""Convert the form. Its mode decides what a question weighs and what its answers give."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from recordings.scorecards.amazon import weights
from recordings.scorecards.amazon.conditions import Target, when_of
from recordings.scorecards.amazon.file import read_amazon
from recordings.scorecards.amazon.notes import Note, Notes
from recordings.scorecards.amazon.shapes import AmazonForm, Outcome, Question, Section
from recordings.scorecards.form import FORMAT, SCORED_TYPES
from recordings.wording import filled

Document = dict[str, Any]
_FULL = 10  # the score of the best answer in modes with percentages
_NOT_IN_A_KEY = re.compile(r"[^a-z0-9_-]+")


@dataclass(frozen=True)
class Converted:
    """A form of ours as a file, and what could not be carried over."""

    data: bytes
    notes: tuple[Note, ...]


def convert(data: bytes) -> Converted:
    """Convert a form of Amazon Connect. Raises BadFile; lint.py finds faults of the result."""
    notes = Notes([])
    form = read_amazon(data, notes)
    scored = [
        question
        for section in form.sections
        for question in section.all_questions()
        if _is_scored(form, question)
    ]
    if form.mode is None:
        notes.add(
            "ScoringStrategy", "", _("Scoring is disabled in the file. A scorecard needs a scored question.")
        )
    is_by_sections, section_weights, question_weights = _weights(form, scored, notes)
    taken: set[str] = set()
    targets = {
        question.ref: Target(_key(question.ref, taken), question, _option_keys(question))
        for section in form.sections
        for question in section.all_questions()
    }
    taken = set()
    sections = []
    for section in form.all_sections():
        if not section.questions:
            if not section.sections:
                notes.add(section.place, section.about, _("The section has no questions and is left out."))
            continue
        converted = {
            "key": _key(section.ref, taken),
            "title": section.about,
            "questions": [
                _question(question, section, form, targets, question_weights, notes)
                for question in section.questions
            ],
        }
        if section in section_weights:
            converted["weight"] = section_weights[section]
        sections.append(converted)
    document = {
        "format": FORMAT,
        "title": form.title,
        "mode": "sections" if is_by_sections else "points",
        "sections": sections,
    }
    return Converted(json.dumps(document, ensure_ascii=False).encode(), tuple(notes.list))


def _is_scored(form: AmazonForm, question: Question) -> bool:
    return (
        form.mode is not None
        and not question.is_excluded
        and question.type in SCORED_TYPES
        and any(outcome.points is not None for outcome in question.outcomes)
    )


def _weights(
    form: AmazonForm, scored: Sequence[Question], notes: Notes
) -> tuple[bool, dict[Section, str], dict[Question, str]]:
    """Return whether our mode is `sections`, and the weights of sections and of questions where they are not 1.

    Amazon's documentation gives the weight of an N/A answer to all other questions of the form, as our mode `points`
    does. So mode `sections` is for forms without N/A and conditions, where both give the same.
    """
    if form.mode is None or form.mode == "POINTS_BASED" or not scored:
        return False, {}, {}
    if form.mode == "QUESTION_ONLY":
        question_weights = weights.by_question(scored, notes)
    else:
        of_section = weights.by_section(form, scored, notes)
        alone = all(list(section.all_questions()) == section.questions for section in of_section)
        if alone and not any(question.na or question.enablement for question in scored):
            texts, is_rounded = weights.written(list(of_section.values()))
            _note_rounding(is_rounded, notes)
            return True, dict(zip(of_section, texts, strict=True)), {}
        question_weights = weights.shared(of_section, scored)
    texts, is_rounded = weights.written(list(question_weights.values()))
    _note_rounding(is_rounded, notes)
    return False, {}, dict(zip(question_weights, texts, strict=True))


def _note_rounding(is_rounded: bool, notes: Notes) -> None:
    if is_rounded:
        notes.add("Items", "", _("Weights have at most four decimals here. They were rounded."))


def _question(
    question: Question,
    section: Section,
    form: AmazonForm,
    targets: dict[str, Target],
    question_weights: dict[Question, str],
    notes: Notes,
) -> Document:
    target, is_scored = targets[question.ref], _is_scored(form, question)
    converted: Document = {"key": target.key, "text": question.text, "type": question.type}
    converted |= {"help": question.help} if question.help else {}
    converted |= {"na": True} if question.na else {}
    converted |= {"bonus": True} if question.is_bonus else {}
    if question.type in SCORED_TYPES:
        if not is_scored:
            converted["scored"] = False
            if form.mode and not question.is_excluded:
                notes.add(
                    question.place,
                    question.about,
                    _("No answer has a score in the file. The question is not scored."),
                )
        elif question in question_weights:
            converted["weight"] = question_weights[question]
        points = _points(question, is_scored, form, notes)
        fails = [_fail(outcome, question, section, form, notes) for outcome in question.outcomes]
        if question.type == "number":
            converted |= {"step": "1", "ranges": _ranges(question, points, fails, notes)}
        else:
            converted["options"] = [
                {"key": target.options[outcome.ref], "label": outcome.text, "points": str(number), **fail}
                for outcome, number, fail in zip(question.outcomes, points, fails, strict=True)
            ]
        if question.type == "multiple" and is_scored:
            cap = question.cap if form.mode == "POINTS_BASED" else Fraction(_FULL)
            if cap is not None and cap < sum(points):
                converted["max_points"] = weights.decimal(cap)
    elif not question.na:
        notes.add(question.place, question.about, _("Here the question may stay empty."))
    if question.type == "date":
        notes.add(question.place, question.about, _("Only a date is asked for, without a time."))
    if when := when_of(question, targets, notes):
        converted["when"] = when
    return converted


def _points(question: Question, is_scored: bool, form: AmazonForm, notes: Notes) -> list[Fraction]:
    """Return the points of each option or range."""
    points = [outcome.points or Fraction(0) for outcome in question.outcomes]
    base = [number for outcome, number in zip(question.outcomes, points, strict=True) if not outcome.is_bonus]
    for index, outcome in enumerate(question.outcomes):
        if outcome.is_bonus:
            points[index] = max(base, default=Fraction(0))
            notes.add(
                outcome.place,
                question.about,
                filled(
                    _(
                        'The bonus of the answer "%(answer)s" is not carried over: it gives %(points)s points.'
                    ),
                    answer=_name(outcome, question),
                    points=points[index],
                ),
            )
        if outcome.fails and question.type == "multiple" and points[index]:
            points[index] = Fraction(0)
            notes.add(
                outcome.place,
                question.about,
                _("The answer is an automatic fail, so it gives 0 points here."),
            )
    if is_scored and form.mode != "POINTS_BASED":
        best = sum(points) if question.type == "multiple" else max(points)
        if best < _FULL:
            notes.add(
                question.place,
                question.about,
                filled(
                    _("The best answer has a score of %(best)s of 10. Here it counts in full."),
                    best=best,
                ),
            )
    return points


def _fail(outcome: Outcome, question: Question, section: Section, form: AmazonForm, notes: Notes) -> Document:
    """Return the fail of an outcome. A fail here is limited to the section that has the question, or not limited."""
    if not outcome.fails:
        return {}
    if outcome.target is None:
        return {"fail": "form"}
    target = next((other for other in form.all_sections() if other.ref == outcome.target), None)
    if target is not None and list(target.all_questions()) == section.questions:
        return {"fail": "section"}
    notes.add(
        outcome.place,
        question.about,
        filled(
            _(
                'The answer "%(answer)s" fails the section "%(section)s". '
                "Here an answer can fail only its own section or the form, so it fails nothing."
            ),
            answer=_name(outcome, question),
            section=target.about if target else outcome.target,
        ),
    )
    return {}


def _ranges(
    question: Question, points: list[Fraction], fails: list[Document], notes: Notes
) -> list[Document]:
    """Return the ranges by their numbers. A number in none of them cannot be answered."""
    low, high = question.ends or (0, 0)
    if not question.outcomes:
        return [{"from": str(low), "to": str(high)}]
    ordered = sorted(
        zip(question.outcomes, points, fails, strict=True), key=lambda item: (item[0].low, item[0].high)
    )
    first, last = ordered[0][0].low, ordered[-1][0].high
    if low < first or last < high:
        notes.add(
            question.place,
            question.about,
            filled(
                _("Numbers below %(first)s and above %(last)s have no score. They cannot be answered here."),
                first=first,
                last=last,
            ),
        )
    return [
        {"from": str(outcome.low), "to": str(outcome.high), "points": str(number), **fail}
        for outcome, number, fail in ordered
    ]


def _name(outcome: Outcome, question: Question) -> str:
    return f"{outcome.low}–{outcome.high}" if question.type == "number" else outcome.text


def _option_keys(question: Question) -> dict[str, str]:
    taken: set[str] = set()
    return {outcome.ref: _key(outcome.ref, taken) for outcome in question.outcomes}


def _key(ref: str, taken: set[str]) -> str:
    """Return a key for a RefId that is not taken, and take it."""
    base = _NOT_IN_A_KEY.sub("-", ref.lower())[:56] or "-"
    key, number = base, 2
    while key in taken:
        key, number = f"{base}-{number}", number + 1
    taken.add(key)
    return key
