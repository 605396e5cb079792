"""The fields of the builder: what they say, what its buttons do, and that a whole form survives them."""

import copy
import json
import random
from typing import Any

import pytest

from recordings.reviews.builder import BuilderPage
from recordings.reviews.documents import STARTERS, starter
from recordings.reviews.edited import as_bytes, changed, document_from, questions_of
from recordings.reviews.preview import answers_from, preview_of
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from tests.unit.scorecards.forms import EXAMPLE, random_form
from tests.unit.scorecards.forms import as_bytes as form_bytes


def fields_of(document: dict[str, Any]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """The fields that the page has for a form."""
    fields: dict[str, str] = {"mode": document["mode"], "bonus_cap": document.get("bonus_cap") or ""}
    lists: dict[str, list[str]] = {}
    page = BuilderPage.of(document, "en")

    def put(texts: Any) -> None:
        fields.update({text.name: text.value for text in texts})

    put(page.texts)
    for section in page.sections:
        put(section.texts)
        fields |= {f"{section.path}.{name}": section.node.get(name, "1") for name in ("key", "weight")}
        if section.node.get("bonus"):
            fields[f"{section.path}.bonus"] = "on"
        for question in section.questions:
            node, path = question.node, question.path
            put(question.texts)
            put(question.helps)
            for name in ("key", "type", "weight", "step", "max_points", "fail_below", "fail"):
                fields[f"{path}.{name}"] = node.get(name) or ""
            for flag in ("na", "critical", "bonus"):
                if node.get(flag):
                    fields[f"{path}.{flag}"] = "on"
            if node.get("scored") is False:
                fields[f"{path}.unscored"] = "on"
            fields[f"{path}.joined_by"] = question.joined_by
            for item in (*question.options, *question.ranges, *question.conditions):
                put(item.texts)
                for name in ("key", "from", "to", "points", "fail", "question", "op"):
                    if item.node.get(name) is not None:
                        fields[f"{item.path}.{name}"] = item.node[name]
                if item.node.get("options"):
                    lists[f"{item.path}.chosen"] = item.node["options"]
    return fields, lists


def hash_of(document: dict[str, Any]) -> str:
    return read_form(as_bytes(document)).hash


def normal(document: dict[str, Any]) -> dict[str, Any]:
    """The form as the builder writes it: no defaults but weights and points."""
    document = copy.deepcopy(document)
    if document.get("bonus_cap") is None:
        document.pop("bonus_cap", None)
    for section in document["sections"]:
        section.setdefault("weight", "1")
        if not section.get("bonus"):
            section.pop("bonus", None)
    for _, question in questions_of(document):
        for option in question.get("options", ()):
            option.setdefault("points", "0")
        for flag in ("na", "critical", "bonus"):
            if not question.get(flag):
                question.pop(flag, None)
        if question.get("scored", True):
            question.pop("scored", None)
        if question["type"] in ("text", "date"):
            question.pop("weight", None)
        else:
            question.setdefault("weight", "1")
    return document


@pytest.mark.parametrize("name", [*STARTERS, "example", *range(20)])
def test_a_form_survives_its_fields(name: Any) -> None:
    if isinstance(name, int):
        document = random_form(random.Random(name))
    else:
        document = EXAMPLE if name == "example" else json.loads(starter(name)[1])
    assert document_from(*fields_of(document)) == normal(document)


def example() -> dict[str, Any]:
    return normal(EXAMPLE)


def keys(document: dict[str, Any]) -> list[list[str]]:
    return [[question["key"] for question in section["questions"]] for section in document["sections"]]


FIRST = ["greeting", "hold", "topics", "remark", "callback", "apology"]


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        ("up:sections.0.questions.1", [["hold", "greeting", *FIRST[2:]], ["summary"]]),
        ("down:sections.0.questions.0", [["hold", "greeting", *FIRST[2:]], ["summary"]]),
        ("up:sections.0.questions.0", [FIRST, ["summary"]]),
        ("down:sections.0.questions.5", [FIRST[:5], ["apology", "summary"]]),
        ("up:sections.1.questions.0", [[*FIRST, "summary"], []]),
        ("up:sections.1", [["summary"], FIRST]),
        ("remove:sections.0.questions.0", [FIRST[1:], ["summary"]]),
        ("move:sections.0.questions.0>sections.1.questions.0", [FIRST[1:], ["greeting", "summary"]]),
        ("move:sections.0.questions.0>sections.1.questions", [FIRST[1:], ["summary", "greeting"]]),
        (
            "move:sections.0.questions.0>sections.0.questions.3",
            [["hold", "topics", "greeting", *FIRST[3:]], ["summary"]],
        ),
        ("move:sections.1>sections.0", [["summary"], FIRST]),
        ("move:sections.1>sections.0.questions.0", [FIRST, ["summary"]]),
        ("add-question:sections.1", [FIRST, ["summary", "q1"]]),
        ("add-section", [FIRST, ["summary"], []]),
        ("remove:sections.7", [FIRST, ["summary"]]),
        ("up:sections.x.questions.1", [FIRST, ["summary"]]),
        ("move:sections.0", [FIRST, ["summary"]]),
        ("dance:sections.0", [FIRST, ["summary"]]),
    ],
)  # fmt: skip
def test_what_a_button_does(act: str, expected: list[list[str]]) -> None:
    document = example()
    assert keys(changed(document, act)) == expected
    assert keys(document) == [FIRST, ["summary"]]


def test_what_is_added_is_a_form_that_can_be_read() -> None:
    document = example()
    for act in (
        "add-section", "add-question:sections.2", "add-option:sections.2.questions.0",
        "add-condition:sections.2.questions.0", "add-condition:sections.2.questions.0", "add-language:he",
    ):  # fmt: skip
        document = changed(document, act)
    form = read_form(as_bytes(document))
    (question,) = form.sections[2].questions
    assert [option.key for option in question.options] == ["yes", "no", "o1"]
    assert [condition.question for condition in question.conditions] == ["summary", "summary"]
    assert document["title"] == {"he": "", "en": EXAMPLE["title"]}
    for _ in range(2):
        document = changed(document, "remove:sections.2.questions.0.when.0")
    assert "when" not in document["sections"][2]["questions"][0]


def test_whatever_is_typed_stays() -> None:
    fields, lists = fields_of(example())
    fields["sections.0.weight"] = "forty"
    fields["sections.0.questions.1.ranges.0.to"] = "-0"
    document = document_from(fields, lists)
    assert document["sections"][0]["weight"] == "forty"
    assert document["sections"][0]["questions"][1]["ranges"][0]["to"] == "-0"


@pytest.mark.parametrize(
    "fields",
    [
        {"sections": "x"},
        {"sections.0": "x"},
        {"sections.0.questions": "x", "sections.0.questions.0.type": "choice"},
        {"sections.-1.key": "x", "sections.1e3.key": "x"},
        {".".join(["a"] * 500): "x"},
        {"sections.0.questions.0.when.0.chosen": "yes", "sections.0.questions.0.type": "dance"},
        {"title.en.de": "x", "mode": "none"},
    ],
)
def test_fields_that_no_page_sends_are_never_an_error(fields: dict[str, str]) -> None:
    BuilderPage.of(document_from(fields, {}), "en")


# --- preview


def effects(answers: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    form = read_form(form_bytes({**EXAMPLE, "mode": "points"}))
    shown = preview_of(form, answers_from(form, answers), "en")
    return {
        question.shown.question.key: {option.label: option.effect for option in question.options}
        for question in shown.questions
    }


def test_the_preview_says_what_the_next_click_would_do() -> None:
    now = effects({"answer.greeting": ["yes"], "answer.hold": ["45"], "answer.topics": ["a", "b"]})
    assert now["greeting"] == {"Yes": "", "No": "fatal: 61.54 → 0"}
    assert now["hold"] == {"0 to 30": "61.54 → 100", "31 to 60": "", "61 or more": "61.54 → 0"}
    assert now["topics"] == {"A": "", "B": ""}
    assert now["summary"] == {"Yes": "61.54 → 65.52", "No": "61.54 → 55.17"}
    assert "apology" not in now


def test_without_an_answer_there_is_a_dash() -> None:
    assert effects({})["greeting"] == {"Yes": "– → 100", "No": "fatal: – → 0"}


def test_answers_that_the_form_does_not_allow_count_as_none() -> None:
    odd = {"answer.greeting": ["maybe"], "answer.hold": ["-1"], "answer.callback": ["soon"], "na.hold": ["1"]}
    form = read_form(form_bytes(EXAMPLE))
    assert answers_from(form, odd) == {}
    assert lint(form)[0].warning
