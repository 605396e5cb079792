"""A form while it is edited: plain dictionaries and lists, which hold what was typed even when it is no valid form.

Fields of the page are named by paths: `sections.0.questions.2.options.1.label.he`.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from recordings.scorecards.form import FAILS, MODES, SCORED_TYPES, TYPES

Document = dict[str, Any]
FORMAT = "auditportal-form/1"
_MOST_FIELDS_DEEP = 8
_FLAGS = ("na", "critical", "bonus")


def document_from(fields: Mapping[str, str], lists: Mapping[str, list[str]]) -> Document:
    """Return the form that the fields of the page describe. `lists`: all values of the fields that have several."""
    tree = _tree({**fields, **{name: values for name, values in lists.items() if name.endswith(".chosen")}})
    document: Document = {
        "format": FORMAT,
        "title": _text(tree.get("title", "")),
        "mode": _one_of(tree.get("mode"), MODES),
        "sections": [_section(section) for section in _items(tree.get("sections"))],
    }
    if cap := _typed(tree, "bonus_cap"):
        document["bonus_cap"] = cap
    return document


def changed(document: Document, act: str) -> Document:
    """Return the form after a press of a button: `add-question:sections.0`, `up:sections.0.questions.1`, and so on.

    A path that does not exist changes nothing: somebody pressed a button of an older page.
    """
    document = copy.deepcopy(document)
    verb, _, path = act.partition(":")
    try:
        if verb.startswith("add-"):
            _add(document, verb.removeprefix("add-"), path)
        elif verb == "remove":
            siblings, index = _siblings(document, path)
            siblings.pop(index)
        elif verb in ("up", "down"):
            _shift(document, path, -1 if verb == "up" else 1)
        elif verb == "move":
            _move(document, *path.split(">", 1))
    except (KeyError, IndexError, ValueError, TypeError):
        return document
    return document


def as_bytes(document: Document) -> bytes:
    """Return the form as a file."""
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")


def questions_of(document: Document) -> Iterator[tuple[str, Document]]:
    """Iterate over all questions with their paths, in order."""
    for place, section in enumerate(document["sections"]):
        for index, question in enumerate(section["questions"]):
            yield f"sections.{place}.questions.{index}", question


# --- what the fields say


def _tree(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Nest fields by their paths."""
    tree: dict[str, Any] = {}
    for name, value in fields.items():
        *parents, last = name.split(".")
        if len(parents) > _MOST_FIELDS_DEEP:
            continue
        node = tree
        for parent in parents:
            below = node.setdefault(parent, {})
            if not isinstance(below, dict):
                break
            node = below
        else:
            node.setdefault(last, value)
    return tree


def _items(node: Any) -> list[dict[str, Any]]:
    """Return the items of a list, by their numbers."""
    if not isinstance(node, dict):
        return []
    numbered = [
        (int(name), item) for name, item in node.items() if name.isdecimal() and isinstance(item, dict)
    ]
    return [item for _, item in sorted(numbered, key=lambda pair: pair[0])]


def _section(node: dict[str, Any]) -> Document:
    section: Document = {
        "key": _typed(node, "key"),
        "title": _text(node.get("title", "")),
        "weight": _typed(node, "weight") or "1",
        "questions": [_question(question) for question in _items(node.get("questions"))],
    }
    if node.get("bonus"):
        section["bonus"] = True
    return section


def _question(node: dict[str, Any]) -> Document:
    kind = _one_of(node.get("type"), TYPES)
    question: Document = {"key": _typed(node, "key"), "text": _text(node.get("text", "")), "type": kind}
    question |= {flag: True for flag in _FLAGS if node.get(flag)}
    if not _is_blank(helped := _text(node.get("help", ""))):
        question["help"] = helped
    if kind in SCORED_TYPES:
        question["weight"] = _typed(node, "weight") or "1"
        if node.get("unscored"):
            question["scored"] = False
        if fail_below := _typed(node, "fail_below"):
            question |= {"fail_below": fail_below, "fail": _one_of(node.get("fail"), FAILS)}
    if kind in ("choice", "multiple"):
        question["options"] = [_option(option) for option in _items(node.get("options"))] or _yes_no()
        if kind == "multiple" and (most := _typed(node, "max_points")):
            question["max_points"] = most
    if kind == "number":
        question["step"] = _typed(node, "step") or "1"
        question["ranges"] = [_range(range_) for range_ in _items(node.get("ranges"))] or [
            {"from": "0", "to": None, "points": "1"}
        ]
    if conditions := [_condition(condition) for condition in _items(node.get("when"))]:
        question["when"] = {_one_of(node.get("joined_by"), ("all", "any")): conditions}
    return question


def _option(node: dict[str, Any]) -> Document:
    option: Document = {
        "key": _typed(node, "key"),
        "label": _text(node.get("label", "")),
        "points": _typed(node, "points") or "0",
    }
    return option | _fail(node)


def _range(node: dict[str, Any]) -> Document:
    ends: Document = {"from": _typed(node, "from") or None, "to": _typed(node, "to") or None}
    return ends | {"points": _typed(node, "points") or "0"} | _fail(node)


def _condition(node: dict[str, Any]) -> Document:
    op = _one_of(node.get("op"), ("in", "not_in", "in_range"))
    condition: Document = {"question": _typed(node, "question"), "op": op}
    if op == "in_range":
        return condition | {"from": _typed(node, "from") or None, "to": _typed(node, "to") or None}
    chosen = node.get("chosen", [])
    return condition | {"options": chosen if isinstance(chosen, list) else [chosen]}


def _fail(node: dict[str, Any]) -> Document:
    return {"fail": node["fail"]} if node.get("fail") in FAILS else {}


def _text(node: Any) -> str | dict[str, str]:
    if isinstance(node, dict):
        return {language: words.strip() for language, words in node.items() if isinstance(words, str)}
    return node.strip() if isinstance(node, str) else ""


def _is_blank(text: str | dict[str, str]) -> bool:
    return not (any(text.values()) if isinstance(text, dict) else text)


def _typed(node: dict[str, Any], name: str) -> str:
    value = node.get(name, "")
    return value.strip() if isinstance(value, str) else ""


def _one_of(value: Any, names: tuple[str, ...]) -> str:
    return value if value in names else names[0]


# --- what the buttons do


def _add(document: Document, what: str, path: str) -> None:
    if what == "language":
        _add_language(document, path)
    elif what == "section":
        key = _free("s", {section["key"] for section in document["sections"]})
        document["sections"].append({"key": key, "title": _empty(document), "weight": "1", "questions": []})
    elif what == "question":
        key = _free("q", {question["key"] for _, question in questions_of(document)})
        options = _yes_no(isinstance(document["title"], dict))
        question = {"key": key, "text": _empty(document), "type": "choice", "weight": "1", "options": options}
        _at(document, path)["questions"].append(question)
    elif what == "option":
        options = _at(document, path)["options"]
        key = _free("o", {option["key"] for option in options})
        options.append({"key": key, "label": _empty(document), "points": "0"})
    elif what == "range":
        _at(document, path)["ranges"].append({"from": None, "to": None, "points": "0"})
    elif what == "condition":
        question = _at(document, path)
        earlier = _earlier(document, path)
        joined_by, conditions = next(iter(question.get("when", {"all": []}).items()))
        about = earlier[-1]
        conditions = [*conditions, _about(about)]
        question["when"] = {joined_by: conditions}


def _earlier(document: Document, path: str) -> list[Document]:
    """Return the questions before a path that can be asked about in a condition."""
    earlier = []
    for place, question in questions_of(document):
        if place == path:
            break
        if question["type"] in SCORED_TYPES:
            earlier.append(question)
    return earlier


def _about(question: Document) -> Document:
    if question["type"] == "number":
        return {"question": question["key"], "op": "in_range", "from": None, "to": None}
    return {"question": question["key"], "op": "in", "options": [question["options"][0]["key"]]}


def _add_language(document: Document, language: str) -> None:
    """Give every text this language; a text that has none yet becomes English."""

    def both(text: Any) -> dict[str, str]:
        return {language: "", **(text if isinstance(text, dict) else {"en": text})}

    document["title"] = both(document["title"])
    for section in document["sections"]:
        section["title"] = both(section["title"])
    for _, question in questions_of(document):
        question |= {name: both(question[name]) for name in ("text", "help") if name in question}
        for option in question.get("options", ()):
            option["label"] = both(option["label"])


def _shift(document: Document, path: str, by: int) -> None:
    """Move an item one place. A question at the edge of its section moves to the next section."""
    siblings, index = _siblings(document, path)
    if 0 <= index + by < len(siblings):
        siblings[index], siblings[index + by] = siblings[index + by], siblings[index]
        return
    parts = path.split(".")
    if len(parts) == 4 and 0 <= (neighbour := int(parts[1]) + by) < len(document["sections"]):
        questions = document["sections"][neighbour]["questions"]
        questions.insert(0 if by > 0 else len(questions), siblings.pop(index))


def _move(document: Document, path: str, to: str) -> None:
    """Move an item before another of the same kind; a question also to the end of a section."""
    siblings, index = _siblings(document, path)
    item = siblings[index]
    if to.endswith(".questions"):
        target, place = _at(document, to.removesuffix(".questions"))["questions"], None
    else:
        target, place = _siblings(document, to)
        if path.split(".")[-2] != to.split(".")[-2]:
            return
    before = target[place] if place is not None else None
    siblings.pop(index)
    target.insert(next((at for at, other in enumerate(target) if other is before), len(target)), item)


def _siblings(document: Document, path: str) -> tuple[list[Document], int]:
    parent, _, index = path.rpartition(".")
    above, _, name = parent.rpartition(".")
    if name == "when":
        ((_joined_by, conditions),) = _at(document, above)["when"].items()
        if len(conditions) == 1:
            del _at(document, above)["when"]  # a question has no empty list of conditions
        return conditions, int(index)
    return _at(document, above)[name], int(index)


def _at(document: Document, path: str) -> Any:
    node: Any = document
    for part in filter(None, path.split(".")):
        node = node[int(part)] if isinstance(node, list) else node[part]
    return node


def _empty(document: Document) -> str | dict[str, str]:
    return dict.fromkeys(document["title"], "") if isinstance(document["title"], dict) else ""


def _free(letter: str, taken: set[str]) -> str:
    number = 1
    while f"{letter}{number}" in taken:
        number += 1
    return f"{letter}{number}"


def _yes_no(in_languages: bool = True) -> list[Document]:
    words = {"yes": {"en": "Yes", "he": "כן"}, "no": {"en": "No", "he": "לא"}}
    return [
        {"key": key, "label": texts if in_languages else texts["en"], "points": "1" if key == "yes" else "0"}
        for key, texts in words.items()
    ]
