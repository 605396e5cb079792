"""The weight of each question. Amazon Connect gives weights to questions, or to sections whose questions share them."""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import gcd, lcm

from django.utils.translation import gettext_lazy as _

from recordings.scorecards.amazon.notes import Notes
from recordings.scorecards.amazon.shapes import AmazonForm, Question, Section

_LARGEST = 10**9 - 1
_DECIMALS = 10**4


def by_question(questions: Sequence[Question], notes: Notes) -> dict[Question, Fraction]:
    """Return the weights of a form in mode QUESTION_ONLY. Without any weight in the file, all are equal."""
    if all(question.weight is None for question in questions):
        return dict.fromkeys(questions, Fraction(1))
    for question in questions:
        if question.weight is None:
            notes.add(
                question.place, question.about, _("The question has no weight in the file. Here it weighs 0.")
            )
    return {question: question.weight or Fraction(0) for question in questions}


def by_section(form: AmazonForm, scored: Iterable[Question], notes: Notes) -> dict[Section, Fraction]:
    """Return the sections that have a weight in mode SECTION_ONLY. All questions in one of them share its weight.

    A section without a weight leaves it to its subsections. Without any weight in the file, all sections are equal.
    """
    counted = set(scored)
    with_questions = [section for section in form.sections if counted & set(section.all_questions())]
    if all(section.weight is None for section in form.all_sections()):
        return dict.fromkeys(with_questions, Fraction(1))
    weights: dict[Section, Fraction] = {}
    for section in with_questions:
        inner = [part for part in section.sections if counted & set(part.all_questions())]
        given = [part.weight for part in inner if part.weight is not None]
        has_own = bool(counted & set(section.questions))
        if given and len(given) == len(inner) and not has_own and section.weight in (None, sum(given)):
            weights |= {part: part.weight or Fraction(0) for part in inner}
            continue
        if given:
            notes.add(
                section.place,
                section.about,
                _(
                    "The weights of the subsections are not carried over: all questions of the section weigh the same."
                ),
            )
        if section.weight is None:
            notes.add(
                section.place, section.about, _("The section has no weight in the file. Here it weighs 0.")
            )
        weights[section] = section.weight or Fraction(0)
    return weights


def shared(weights: Mapping[Section, Fraction], scored: Iterable[Question]) -> dict[Question, Fraction]:
    """Divide the weight of each section equally among its scored questions."""
    counted = set(scored)
    result: dict[Question, Fraction] = {}
    for section, weight in weights.items():
        inside = [question for question in section.all_questions() if question in counted]
        result |= dict.fromkeys(inside, weight / max(len(inside), 1))
    return result


def written(weights: Sequence[Fraction]) -> tuple[list[str], bool]:
    """Write weights with at most four decimals: as they are, else in the same proportion as whole numbers.

    Also returns whether they had to be rounded, because neither is possible.
    """
    if all((weight * _DECIMALS).denominator == 1 for weight in weights):
        return [decimal(weight) for weight in weights], False
    unit = lcm(*(weight.denominator for weight in weights))
    whole = [(weight * unit).numerator for weight in weights]
    divisor = gcd(*whole)
    if max(whole) // divisor <= _LARGEST:
        return [str(number // divisor) for number in whole], False
    return [decimal(weight) for weight in weights], True


def decimal(number: Fraction) -> str:
    """Write a number that is not negative with at most four decimals, rounded half up."""
    units = (2 * number.numerator * _DECIMALS + number.denominator) // (2 * number.denominator)
    return f"{units // _DECIMALS}.{units % _DECIMALS:04}".rstrip("0").rstrip(".")
