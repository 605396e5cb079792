"""A form as pages show it: in the reader's language, with numbers and conditions in words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext, gettext_lazy, gettext_noop

from recordings.scorecards.form import Condition, Form, Question, Range, Section
from recordings.scorecards.lint import Finding
from recordings.scorecards.texts import localized

KINDS = {
    "choice": gettext_lazy("One choice"),
    "multiple": gettext_lazy("Several choices"),
    "number": gettext_lazy("Number"),
    "text": gettext_lazy("Text"),
    "date": gettext_lazy("Date"),
}
MODES = {
    "points": gettext_lazy("Points: reached points divided by possible points"),
    "sections": gettext_lazy("Sections: the average of the sections by their weights"),
}
FAILS = {
    "form": gettext_lazy("Fails the evaluation"),
    "section": gettext_lazy("Fails the section"),
}
# The parts of a place in a form, as the builder names them.
_NUMBERED = {
    "options": gettext_noop("Option %(number)s"),
    "ranges": gettext_noop("Range %(number)s"),
    "all": gettext_noop("Condition %(number)s"),
    "any": gettext_noop("Condition %(number)s"),
}
_NAMED = {
    "options": gettext_noop("Options"),
    "when": gettext_noop("Conditions"),
    "weight": gettext_noop("Weight"),
    "step": gettext_noop("Step"),
    "points": gettext_noop("Points"),
    "max_points": gettext_noop("At most so many points"),
    "fail_below": gettext_noop("Fails below so many percent"),
}
_STEP = re.compile(r"([a-z_]+)(?:\[([0-9]+)\])?")
_INDEX, _JOINED = re.compile(r"\[([0-9]+)\]"), re.compile(r"\.when\.(?:all|any)\b")
_PLACE = re.compile(r"sections\[([0-9]+)\](?:\.questions\[([0-9]+)\])?\.?(.*)")


@dataclass(frozen=True)
class ShownOutcome:
    """An option or a range: what it is called, its points, and what it fails; empty for nothing."""

    label: str
    points: str
    fail: str


@dataclass(frozen=True)
class ShownQuestion:
    """A question. `conditions` are sentences; `fail_below` is a per cent, empty for none."""

    question: Question
    number: str
    text: str
    help: str
    kind: str
    weight: str
    outcomes: list[ShownOutcome]
    conditions: list[str]
    fail_below: str
    fail: str


@dataclass(frozen=True)
class ShownSection:
    """A section and its questions."""

    section: Section
    title: str
    weight: str
    questions: list[ShownQuestion]


@dataclass(frozen=True)
class ShownFinding:
    """A finding of lint with its place in words, and as a path of the builder."""

    place: str
    sentence: str
    warning: bool
    path: str


def sections_of(form: Form, language: str) -> list[ShownSection]:
    """Return the sections of a form in a language."""
    by_key = {question.key: question for _, question in form.questions()}
    return [
        ShownSection(
            section,
            localized(section.title, language),
            number_of(section.weight),
            [
                _question(question, f"{place}.{index}", by_key, language)
                for index, question in enumerate(section.questions, 1)
            ],
        )
        for place, section in enumerate(form.sections, 1)
    ]


def findings_of(form: Form, findings: Sequence[Finding], language: str) -> list[ShownFinding]:
    """Return findings with the titles of their section and question as the place."""
    titles = [
        (
            localized(section.title, language) or section.key,
            [localized(question.text, language) or question.key for question in section.questions],
        )
        for section in form.sections
    ]
    return [
        finding_at(finding.place, finding.sentence, titles, warning=finding.warning) for finding in findings
    ]


def finding_at(
    place: str, sentence: object, titles: Sequence[tuple[str, Sequence[str]]], *, warning: bool = False
) -> ShownFinding:
    """Return a sentence about a place of a form. `titles`: of each section, and of its questions."""
    path = _JOINED.sub(".when", _INDEX.sub(r".\1", place))
    return ShownFinding(_place(place, titles), str(sentence), warning, path)


def number_of(number: Fraction) -> str:
    """Write a number of a form: at most four decimals, none at the end that are 0."""
    text = f"{Decimal(number.numerator) / Decimal(number.denominator):.4f}"
    return text.rstrip("0").rstrip(".")


def range_of(low: Fraction | None, high: Fraction | None) -> str:
    """Write a range of numbers."""
    if low is not None and high is not None:
        if low == high:
            return number_of(low)
        return gettext("%(from)s to %(to)s") % {"from": number_of(low), "to": number_of(high)}
    if low is not None:
        return gettext("%(from)s or more") % {"from": number_of(low)}
    return gettext("%(to)s or less") % {"to": number_of(high)} if high is not None else gettext("any number")


def _question(question: Question, number: str, by_key: dict[str, Question], language: str) -> ShownQuestion:
    options = [
        ShownOutcome(localized(option.label, language), number_of(option.points), _fail(option.fail))
        for option in question.options
    ]
    ranges = [_range(range_) for range_ in question.ranges]
    return ShownQuestion(
        question=question,
        number=number,
        text=localized(question.text, language),
        help=localized(question.help, language),
        kind=str(KINDS[question.type]),
        weight=number_of(question.weight),
        outcomes=options or ranges,
        conditions=[condition_of(condition, by_key, language) for condition in question.conditions],
        fail_below="" if question.fail_below is None else number_of(question.fail_below),
        fail=_fail(question.fail),
    )


def _range(range_: Range) -> ShownOutcome:
    return ShownOutcome(range_of(range_.low, range_.high), number_of(range_.points), _fail(range_.fail))


def _fail(fail: str | None) -> str:
    return str(FAILS[fail]) if fail else ""


def condition_of(condition: Condition, by_key: dict[str, Question], language: str) -> str:
    """Write a condition as a sentence. A question that does not exist is named by its key."""
    about = by_key.get(condition.question)
    words = {"question": localized(about.text, language) if about else condition.question}
    if condition.op == "in_range":
        words["range"] = range_of(condition.low, condition.high)
        return gettext("“%(question)s” is %(range)s") % words
    labels = {option.key: localized(option.label, language) for option in about.options} if about else {}
    words["options"] = ", ".join(f"“{labels.get(key, key)}”" for key in condition.options)
    if condition.op == "in":
        return gettext("“%(question)s” is one of: %(options)s") % words
    return gettext("“%(question)s” is none of: %(options)s") % words


def _place(place: str, titles: Sequence[tuple[str, Sequence[str]]]) -> str:
    """Write a place such as `sections[0].questions[2].options[1]` with the titles of section and question."""
    match = _PLACE.fullmatch(place)
    if match is None or int(match[1]) >= len(titles):
        return ""
    title, questions = titles[int(match[1])]
    parts = [title]
    if match[2] and int(match[2]) < len(questions):
        parts.append(questions[int(match[2])])
    for name, index in _STEP.findall(match[3]):
        parts += (
            [gettext(_NUMBERED[name]) % {"number": int(index) + 1}] if index and name in _NUMBERED else []
        )
        parts += [gettext(_NAMED[name])] if not index and name in _NAMED else []
    return " · ".join(parts)
