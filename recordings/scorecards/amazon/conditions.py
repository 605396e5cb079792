"""Convert the condition under which a question is asked (its enablement)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from recordings.scorecards.amazon.notes import Notes
from recordings.scorecards.amazon.shapes import Question
from recordings.scorecards.strict_json import Node
from recordings.wording import filled

_ACTIONS = ("ENABLE", "DISABLE")
_COMPARATORS = ("IN", "NOT_IN", "ALL_IN", "EXACT")


@dataclass(frozen=True)
class Target:
    """A question that conditions can be about: our key for it, and ours for each of its options."""

    key: str
    question: Question
    options: Mapping[str, str]


class _CannotConvert(Exception):
    """A condition cannot be converted. `sentence`: why."""

    def __init__(self, sentence: str | Promise) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def when_of(question: Question, targets: Mapping[str, Target], notes: Notes) -> dict[str, Any] | None:
    """Return the `when` of a question, or None when it is always asked. Raises BadFile."""
    if question.enablement is None:
        return None
    names = ("Condition", "Action")
    enablement = question.enablement.object(names, ("DefaultAction",))
    action = enablement["Action"].one_of(_ACTIONS)
    opposite = _ACTIONS[1 - _ACTIONS.index(action)]
    given = enablement.get("DefaultAction")
    default = opposite if given is None or given.value is None else given.one_of(_ACTIONS)
    if default == action:
        if action == "DISABLE":
            notes.add(
                question.place,
                question.about,
                _(
                    "Amazon Connect never asks this question. Here it is always asked: remove it if it is not needed."
                ),
            )
        return None
    try:
        joined_by, conditions = _converted(enablement["Condition"], targets, negate=action == "DISABLE")
    except _CannotConvert as error:
        notes.add(question.place, question.about, error.sentence)
        return None
    about = [next(t for t in targets.values() if t.key == condition["question"]) for condition in conditions]
    unanswered = any(
        condition["op"] == "not_in" and (target.question.na or target.question.enablement)
        for condition, target in zip(conditions, about, strict=True)
    )
    if unanswered:
        notes.add(
            question.place,
            question.about,
            _(
                "When the question that it depends on is not asked or is N/A, this question is not asked either."
            ),
        )
    return {joined_by: conditions}


def _converted(
    node: Node, targets: Mapping[str, Target], *, negate: bool
) -> tuple[str, list[dict[str, Any]]]:
    """Return `all` or `any`, and its conditions. Negated, AND becomes OR, and each condition its opposite."""
    members = node.object(("Operands",), ("Operator",))
    operator = members["Operator"].one_of(("AND", "OR")) if _given(members, "Operator") else "AND"
    joined_by = "all" if (operator == "AND") != negate else "any"
    conditions: list[dict[str, Any]] = []
    operands = members["Operands"].list()
    if not operands:
        members["Operands"].refuse(_("At least one condition is expected."))
    for operand in operands:
        ((name, found),) = operand.object((), ("Expression", "Condition")).items() or ((None, operand),)
        if name == "Expression":
            conditions.append(_expression(found, targets, negate))
        elif name == "Condition":
            inner, nested = _converted(found, targets, negate=negate)
            if len(nested) > 1 and len(operands) > 1 and inner != joined_by:
                raise _CannotConvert(
                    _(
                        "Its condition combines AND and OR. It is not carried over: the question is always asked."
                    )
                )
            if len(operands) == 1:
                joined_by = inner
            conditions += nested
        else:
            operand.refuse(_("A condition is expected."))
    return joined_by, conditions


def _expression(node: Node, targets: Mapping[str, Target], negate: bool) -> dict[str, Any]:
    members = node.object(("Source", "Values", "Comparator"))
    source = members["Source"].object(("Type",), ("RefId",))
    source["Type"].one_of(("QUESTION_REF_ID",))
    ref = source["RefId"].string() if _given(source, "RefId") else ""
    target = targets.get(ref)
    if target is None or target.question.type not in ("choice", "multiple"):
        raise _CannotConvert(
            filled(
                _(
                    '"%(ref)s" is not a question with options. The condition is not carried over: '
                    "the question is always asked."
                ),
                ref=ref,
            )
        )
    comparator = members["Comparator"].one_of(_COMPARATORS)
    refs = []
    for value in members["Values"].list():
        given = value.object(("Type",), ("RefId",))
        given["Type"].one_of(("OPTION_REF_ID",))
        refs.append(given["RefId"].string() if _given(given, "RefId") else "")
    unknown = next((ref for ref in refs if ref not in target.options), None)
    if unknown is not None:
        raise _CannotConvert(
            filled(
                _(
                    'The condition names the unknown option "%(ref)s". It is not carried over: '
                    "the question is always asked."
                ),
                ref=unknown,
            )
        )
    if comparator in ("ALL_IN", "EXACT") and (target.question.type == "multiple" or len(refs) != 1):
        # The documentation does not say what they compare. With one choice and one value they equal IN.
        raise _CannotConvert(
            filled(
                _('"%(comparator)s" is not carried over: the question is always asked.'),
                comparator=comparator,
            )
        )
    op = "not_in" if (comparator == "NOT_IN") != negate else "in"
    return {"question": target.key, "op": op, "options": [target.options[ref] for ref in refs]}


def _given(members: dict[str, Node], name: str) -> bool:
    return name in members and members[name].value is not None
