"""Read the answers to a form from an `auditportal-answers/1` file."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from django.utils.translation import gettext_lazy as _

from recordings.scorecards.form import Form, Question, Range
from recordings.scorecards.strict_json import Node, read_json

FORMAT = "auditportal-answers/1"
_ANSWER_KEY = {
    "choice": "option",
    "multiple": "options",
    "number": "number",
    "text": "text",
    "date": "date",
}


@dataclass(frozen=True)
class Answer:
    """An answer. `options` are the chosen options (one for a choice). `na` means "not applicable", with its `reason`.

    `has_moment` means that it refers to a second or a range of the recording.
    """

    options: tuple[str, ...] = ()
    number: Fraction | None = None
    na: bool = False
    reason: str = ""
    has_moment: bool = False


def read_answers(data: bytes, form: Form) -> dict[str, Answer]:
    """Read the answers to a form, by question key. Raises BadFile for answers that the form does not allow."""
    file = read_json(data).object(("format", "answers"))
    file["format"].one_of((FORMAT,))
    questions = {question.key: question for _section, question in form.questions()}
    answers = {}
    for key, node in file["answers"].members().items():
        if key not in questions:
            node.refuse(_("The form has no such question."))
        answers[key] = _answer(node, questions[key])
    return answers


def _answer(node: Node, question: Question) -> Answer:
    moment = ("at_ms", "from_ms", "to_ms")
    if "na" in node.members():
        answer = node.object(("na",), ("reason", *moment))
        if not question.na or not answer["na"].flag():
            answer["na"].refuse(_("The form does not allow N/A here."))
        reason = answer["reason"].string() if "reason" in answer else ""
        return Answer(na=True, reason=reason, has_moment=_moment(node, answer))

    key = _ANSWER_KEY[question.type]
    answer = node.object((key,), moment)
    has_moment, value = _moment(node, answer), answer[key]
    if question.type == "number":
        return Answer(number=_number(value, question), has_moment=has_moment)
    if question.type == "date":
        _check_date(value)
        return Answer(has_moment=has_moment)
    if question.type == "text":
        value.string()
        return Answer(has_moment=has_moment)
    chosen = [value] if question.type == "choice" else value.list()
    known = {option.key for option in question.options}
    for option in chosen:
        if option.key() not in known:
            option.refuse(_("The question has no such option."))
    keys = tuple(option.key() for option in chosen)
    if len(set(keys)) < len(keys):
        value.refuse(_("An option is repeated."))
    return Answer(options=keys, has_moment=has_moment)


def range_of(question: Question, number: Fraction) -> Range | None:
    """Return the first range that contains the number."""
    return next((range_ for range_ in question.ranges if range_.holds(number)), None)


def _number(value: Node, question: Question) -> Fraction:
    number = value.number(signed=True)
    if not question.step or number % question.step:
        value.refuse(_("The number is not a multiple of the question's step."))
    if range_of(question, number) is None:
        value.refuse(_("The number is in none of the question's ranges."))
    return number


def _check_date(value: Node) -> None:
    text = value.string()
    try:
        valid = date.fromisoformat(text).isoformat() == text
    except ValueError:
        valid = False
    if not valid:
        value.refuse(_("A date is expected, such as 2026-11-30."))


def _moment(node: Node, answer: dict[str, Node]) -> bool:
    """Tell whether the answer refers to a moment: it has `at_ms`, or both `from_ms` and `to_ms`."""
    names = [name for name in ("at_ms", "from_ms", "to_ms") if name in answer]
    if names not in ([], ["at_ms"], ["from_ms", "to_ms"]):
        node.refuse(_('Either "at_ms" or both "from_ms" and "to_ms" are expected.'))
    times = [answer[name].number() for name in names]
    if times != sorted(times):
        node.refuse(_('"from_ms" is later than "to_ms".'))
    return bool(names)
