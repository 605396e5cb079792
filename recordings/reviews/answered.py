"""What was typed into an evaluation, read as answers: each by itself, so that one mistake does not hide the others."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import rfc8785
from django.utils.functional import Promise

from recordings.scorecards.answers import FORMAT, Answer, read_answers
from recordings.scorecards.form import Form, Question
from recordings.scorecards.strict_json import BadFile

Fields = Mapping[str, list[str]]
NAMES = ("answer.", "na.", "reason.", "comment.", "at.")
LONGEST_TEXT = 4000
_PINNED = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_PLACEHOLDER = "…"


@dataclass(frozen=True)
class Answered:
    """Answers that can be read, why others cannot, and the personal texts: comments, reasons and typed answers.

    `document` has the answers of a file, with "…" in place of personal texts.
    """

    document: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    problems: dict[str, str | Promise] = field(default_factory=dict)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    moments: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def file(self) -> bytes:
        """The answers as canonical JSON."""
        return rfc8785.dumps({"format": FORMAT, "answers": self.document})


def only_answers(fields: Fields) -> dict[str, list[str]]:
    """Return the fields of an evaluation among those that a page sent, without empty ones and NUL characters."""
    kept = {
        # PostgreSQL's JSON cannot hold a NUL character.
        name.replace("\0", ""): [
            text[:LONGEST_TEXT] for value in values if (text := value.replace("\0", "")).strip()
        ]
        for name, values in fields.items()
        if name.startswith(NAMES)
    }
    return {name: values for name, values in kept.items() if values}


def read_fields(form: Form, fields: Fields) -> Answered:
    """Read the answers to a form from the fields of its page."""
    answered = Answered()
    for _section, question in form.questions():
        key = question.key
        node = _node(question, fields)
        texts = {name: _first(fields, f"{name}.{key}") for name in ("comment", "reason")}
        if question.type == "text":
            texts["answer"] = _first(fields, f"answer.{key}")
        if kept := {name: text for name, text in texts.items() if text}:
            answered.texts[key] = kept
        if node is None:
            continue
        if moment := _moment(_first(fields, f"at.{key}")):
            start, end = moment
            node |= {"at_ms": str(start)} if start == end else {"from_ms": str(start), "to_ms": str(end)}
            answered.moments[key] = moment
        try:
            read = read_answers(json.dumps({"format": FORMAT, "answers": {key: node}}).encode(), form)
        except BadFile as problem:
            answered.problems[key] = problem.sentence
            continue
        answered.answers[key], answered.document[key] = read[key], node
    return answered


def is_watched(moment: tuple[int, int], watched: list[tuple[int, int]]) -> bool:
    """Tell whether a second or a range lies in one of the watched ranges. Both ends count as watched."""
    start, end = moment
    return any(low <= start and end <= high for low, high in watched)


def _node(question: Question, fields: Fields) -> dict[str, Any] | None:
    """Return an answer as the file has it; None when the question is not answered."""
    key = question.key
    if fields.get(f"na.{key}"):
        reason = {"reason": _PLACEHOLDER} if _first(fields, f"reason.{key}") else {}
        return {"na": True, **reason}
    values = [value.strip() for value in fields.get(f"answer.{key}", []) if value.strip()]
    if not values:
        return None
    if question.type == "multiple":
        return {"options": [option.key for option in question.options if option.key in values]}
    name = {"choice": "option", "number": "number", "text": "text", "date": "date"}[question.type]
    return {name: _PLACEHOLDER if question.type == "text" else values[0]}


def _moment(text: str) -> tuple[int, int] | None:
    """Read a pinned second or range in milliseconds: `83000` or `83000-90000`."""
    match = _PINNED.fullmatch(text)
    if match is None:
        return None
    start, end = int(match[1]), int(match[2] or match[1])
    return min(start, end), max(start, end)


def _first(fields: Fields, name: str) -> str:
    values = fields.get(name) or [""]
    return values[0].strip()
