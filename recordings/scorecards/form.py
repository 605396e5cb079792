"""Read a form, which has sections of questions, from an `auditportal-form/1` file."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import rfc8785
from django.utils.translation import gettext_lazy as _

from recordings.scorecards.strict_json import Node, read_json
from recordings.scorecards.texts import Text

FORMAT = "auditportal-form/1"
MODES = ("points", "sections")
SCORED_TYPES = ("choice", "multiple", "number")
TYPES = (*SCORED_TYPES, "text", "date")
FAILS = ("section", "form")

_QUESTION_DEFAULTS = (
    "help",
    "weight",
    "scored",
    "na",
    "critical",
    "bonus",
    "when",
    "fail",
    "fail_below",
)
# For each type: the keys that it needs besides key, text and type, and those allowed besides the defaults.
_OF_TYPE: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "choice": (("options",), ()),
    "multiple": (("options",), ("max_points",)),
    "number": (("ranges", "step"), ()),
    "text": ((), ()),
    "date": ((), ()),
}
_ZERO = Fraction(0)


@dataclass(frozen=True)
class Option:
    """An option of a choice or multiple question. `fail` is `section`, `form` or None."""

    key: str
    label: Text
    points: Fraction
    fail: str | None
    place: str


@dataclass(frozen=True)
class Range:
    """A range of numbers, both ends included. An end of None is open."""

    low: Fraction | None
    high: Fraction | None
    points: Fraction
    fail: str | None
    place: str

    def holds(self, number: Fraction) -> bool:
        """Tell whether the number is in the range."""
        return (self.low is None or self.low <= number) and (self.high is None or number <= self.high)


@dataclass(frozen=True)
class Condition:
    """A condition on an earlier question. `in` and `not_in` have options, `in_range` has ends."""

    question: str
    op: str
    options: tuple[str, ...]
    low: Fraction | None
    high: Fraction | None
    place: str


@dataclass(frozen=True)
class Question:
    """A question. `place` is its position in the file. `joined_by` (`all` or `any`) combines `conditions`."""

    key: str
    text: Text
    help: Text
    type: str
    weight: Fraction
    scored: bool
    na: bool
    critical: bool
    bonus: bool
    options: tuple[Option, ...]
    ranges: tuple[Range, ...]
    step: Fraction
    max_points: Fraction | None
    fail: str | None
    fail_below: Fraction | None
    joined_by: str
    conditions: tuple[Condition, ...]
    place: str

    @property
    def is_scored(self) -> bool:
        """Whether answers can give points. Text and date questions never do."""
        return self.scored and self.type in SCORED_TYPES

    @property
    def most_points(self) -> Fraction:
        """The most points that the question can give."""
        if self.type == "number":
            return max((range_.points for range_ in self.ranges), default=_ZERO)
        points = [option.points for option in self.options]
        if self.type == "choice":
            return max(points, default=_ZERO)
        return self.max_points if self.max_points is not None else sum(points, _ZERO)


@dataclass(frozen=True)
class Section:
    """A section and its questions."""

    key: str
    title: Text
    weight: Fraction
    bonus: bool
    questions: tuple[Question, ...]
    place: str


@dataclass(frozen=True, eq=False)
class Form:
    """A form. `hash` is the SHA-256 of the file's RFC 8785 bytes, so whitespace and key order do not matter."""

    title: Text
    mode: str
    bonus_cap: Fraction | None
    sections: tuple[Section, ...]
    hash: str

    def questions(self) -> Iterator[tuple[Section, Question]]:
        """Iterate over all questions in order, each with its section."""
        return ((section, question) for section in self.sections for question in section.questions)


def read_form(data: bytes) -> Form:
    """Read a form's file. Raises BadFile when it cannot be read; lint.py finds other faults."""
    node = read_json(data)
    form = node.object(("format", "title", "mode", "sections"), ("bonus_cap",))
    form["format"].one_of((FORMAT,))
    return Form(
        title=form["title"].text(),
        mode=form["mode"].one_of(MODES),
        bonus_cap=form["bonus_cap"].number_or_null() if "bonus_cap" in form else None,
        sections=tuple(map(_section, form["sections"].list())),
        hash=f"sha256:{hashlib.sha256(rfc8785.dumps(node.value)).hexdigest()}",
    )


def _section(node: Node) -> Section:
    section = node.object(("key", "title", "questions"), ("weight", "bonus"))
    return Section(
        key=section["key"].key(),
        title=section["title"].text(),
        weight=_number(section, "weight", 1),
        bonus=_flag(section, "bonus"),
        questions=tuple(map(_question, section["questions"].list())),
        place=node.place,
    )


def _question(node: Node) -> Question:
    # The allowed keys depend on the type.
    members = node.members()
    if "type" not in members:
        node.refuse(_('The key "type" is missing.'))
    kind = members["type"].one_of(TYPES)
    needed, allowed = _OF_TYPE[kind]
    question = node.object(("key", "text", "type", *needed), (*_QUESTION_DEFAULTS, *allowed))
    joined_by, conditions = _when(question["when"]) if "when" in question else ("all", ())
    return Question(
        key=question["key"].key(),
        text=question["text"].text(),
        help=question["help"].text() if "help" in question else "",
        type=kind,
        weight=_number(question, "weight", 1),
        scored=question["scored"].flag() if "scored" in question else True,
        na=_flag(question, "na"),
        critical=_flag(question, "critical"),
        bonus=_flag(question, "bonus"),
        options=tuple(map(_option, question["options"].list())) if "options" in question else (),
        ranges=tuple(map(_range, question["ranges"].list())) if "ranges" in question else (),
        step=_number(question, "step", 1),
        max_points=question["max_points"].number() if "max_points" in question else None,
        fail=_fail(question),
        fail_below=question["fail_below"].number() if "fail_below" in question else None,
        joined_by=joined_by,
        conditions=conditions,
        place=node.place,
    )


def _option(node: Node) -> Option:
    option = node.object(("key", "label"), ("points", "fail"))
    label, points = option["label"].text(), _number(option, "points", 0)
    return Option(option["key"].key(), label, points, _fail(option), node.place)


def _range(node: Node) -> Range:
    members = node.object(("from", "to"), ("points", "fail"))
    low, high = (members[end].number_or_null(signed=True) for end in ("from", "to"))
    return Range(low, high, _number(members, "points", 0), _fail(members), node.place)


def _when(node: Node) -> tuple[str, tuple[Condition, ...]]:
    members = node.object((), ("all", "any"))
    if len(members) != 1:
        node.refuse(_('Exactly one of "all" and "any" is expected.'))
    ((joined_by, conditions),) = members.items()
    if not conditions.list():
        conditions.refuse(_("At least one condition is expected."))
    return joined_by, tuple(map(_condition, conditions.list()))


def _condition(node: Node) -> Condition:
    members = node.members()
    if "op" not in members:
        node.refuse(_('The key "op" is missing.'))
    op = members["op"].one_of(("in", "not_in", "in_range"))
    if op == "in_range":
        members = node.object(("question", "op", "from", "to"))
        low, high = (members[end].number_or_null(signed=True) for end in ("from", "to"))
        return Condition(members["question"].key(), op, (), low, high, node.place)
    members = node.object(("question", "op", "options"))
    options = tuple(option.key() for option in members["options"].list())
    return Condition(members["question"].key(), op, options, None, None, node.place)


def _number(members: dict[str, Node], name: str, default: int) -> Fraction:
    return members[name].number() if name in members else Fraction(default)


def _flag(members: dict[str, Node], name: str) -> bool:
    return members[name].flag() if name in members else False


def _fail(members: dict[str, Node]) -> str | None:
    return members["fail"].one_of(FAILS) if "fail" in members else None
