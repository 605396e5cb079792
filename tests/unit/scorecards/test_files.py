"""Refused files and faults of readable forms name the place and say what to do."""

import copy
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.strict_json import MAX_BYTES, BadFile
from tests.thorough import examples
from tests.unit.scorecards import amazon_forms
from tests.unit.scorecards.forms import EXAMPLE, EXAMPLE_ANSWERS, answers_bytes, as_bytes

Change = Callable[[dict[str, Any]], Any]
GREETING = "sections[0].questions[0]"
HOLD = "sections[0].questions[1]"
TOPICS = "sections[0].questions[2]"
APOLOGY = "sections[0].questions[5]"


def questions(form: dict[str, Any]) -> list[dict[str, Any]]:
    return [question for section in form["sections"] for question in section["questions"]]


def changed(change: Change) -> dict[str, Any]:
    form = copy.deepcopy(EXAMPLE)
    change(form)
    return form


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda f: f.update(colour="red"), "colour: This key is not allowed here."),
        (lambda f: f.pop("mode"), 'The file: The key "mode" is missing.'),
        (lambda f: f.update(format="auditportal-form/2"), "format: One of auditportal-form/1"),
        (lambda f: f.update(mode="average"), "mode: One of points, sections"),
        (
            lambda f: f["sections"][1].update(weight=60),
            'sections[1].weight: Numbers must be strings: write "60".',
        ),
        (lambda f: f["sections"][1].update(weight="1e3"), "sections[1].weight: A number is expected"),
        (lambda f: f["sections"][1].update(weight="-1"), "sections[1].weight: A number is expected"),
        (lambda f: f["sections"][1].update(weight="01"), "sections[1].weight: A number is expected"),
        (lambda f: f["sections"][1].update(weight="1.00001"), "sections[1].weight: A number is expected"),
        (lambda f: f["sections"][1].update(weight="1234567890"), "sections[1].weight: A number is expected"),
        (lambda f: f["sections"][1].update(weight="1\n"), "sections[1].weight: A number is expected"),
        (lambda f: f["sections"][1].update(weight="١"), "sections[1].weight: A number is expected"),
        (lambda f: questions(f)[1]["ranges"][0].update({"from": "-0"}), f"{HOLD}.ranges[0].from: A number"),
        (lambda f: questions(f)[1]["ranges"][0].update({"from": "-0.0"}), f"{HOLD}.ranges[0].from: A number"),
        (lambda f: questions(f)[0].update(options="yes"), f"{GREETING}.options: A list is expected."),
        (lambda f: questions(f)[0].update(ranges=[]), f"{GREETING}.ranges: This key is not allowed here."),
        (lambda f: questions(f)[0].update(key="A"), f"{GREETING}.key: A key must have 1 to 64"),
        (lambda f: questions(f)[0].update(na="yes"), f"{GREETING}.na: true or false is expected."),
        (
            lambda f: questions(f)[0].update(text="\ud800"),
            f"{GREETING}.text: The text has an incomplete character",
        ),
        (lambda f: questions(f)[0].update(text={"he": 1}), f"{GREETING}.text.he: A string is expected."),
        (lambda f: questions(f)[5].update(when={}), f"{APOLOGY}.when: Exactly one of"),
        (lambda f: questions(f)[5].update(when={"all": []}), f"{APOLOGY}.when.all: At least one condition"),
        (lambda f: questions(f)[5].update(type="stars"), f"{APOLOGY}.type: One of choice"),
        (lambda f: questions(f)[5]["options"].append("no"), f"{APOLOGY}.options[2]: An object is expected."),
    ],
)
def test_a_form_that_cannot_be_read(change: Change, place: str) -> None:
    with pytest.raises(BadFile) as refused:
        read_form(as_bytes(changed(change)))
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"format": "a", "format": "b"}', 'The key "format" is repeated.'),
        (b"{", "The file is not JSON (at line 1, column 2)."),
        (b"\xff", "The file is not UTF-8 (at byte 0)."),
        (b"\xef\xbb\xbf{}", "The file is not JSON"),
        (b"[]", "An object is expected."),
        (b"NaN", "An object is expected."),
        (b"[" * 100_000, "nested too deeply"),
        (b" " * (MAX_BYTES + 1), "larger than 1 MiB"),
    ],
)
def test_a_file_that_is_no_form(data: bytes, sentence: str) -> None:
    with pytest.raises(BadFile, match=re.escape(sentence)):
        read_form(data)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400", "-1", "0.1"])
def test_json_numbers_are_refused(number: str) -> None:
    with pytest.raises(BadFile, match="bonus_cap: Numbers must be strings"):
        read_form(as_bytes(EXAMPLE).replace(b'"bonus_cap": "100"', b'"bonus_cap": ' + number.encode()))


@settings(max_examples=examples(200))
@given(st.data())
def test_one_value_replaced_is_read_or_refused_with_its_place(data: st.DataObject) -> None:
    """Whatever a form contains, reading and linting end with findings or with BadFile, never otherwise."""
    form = copy.deepcopy(EXAMPLE)
    node: Any = form
    while True:
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if not isinstance(node[key], (dict, list)) or not node[key] or data.draw(st.booleans()):
            break
        node = node[key]
    node[key] = data.draw(
        st.sampled_from(["", "0", "-5", "form", "hold", None, True, 7, [], {}, ["a"], {"x": "y"}])
    )
    with suppress(BadFile):
        assert all(finding.sentence.endswith(".") for finding in lint(read_form(as_bytes(form))))


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        ({"unknown": {"text": "x"}}, "answers.unknown: The form has no such question."),
        ({"greeting": {"option": "maybe"}}, "answers.greeting.option: The question has no such option."),
        ({"greeting": {"options": ["yes"]}}, "answers.greeting.options: This key is not allowed here."),
        ({"greeting": {}}, 'answers.greeting: The key "option" is missing.'),
        (
            {"greeting": {"option": "yes", "na": True}},
            "answers.greeting.option: This key is not allowed here.",
        ),
        ({"greeting": {"na": False}}, "answers.greeting.na: The form does not allow N/A here."),
        ({"summary": {"na": True}}, "answers.summary.na: The form does not allow N/A here."),
        ({"topics": {"options": ["a", "a"]}}, "answers.topics.options: An option is repeated."),
        ({"hold": {"number": 61}}, 'answers.hold.number: Numbers must be strings: write "61".'),
        ({"hold": {"number": "61.5"}}, "answers.hold.number: The number is not a multiple"),
        ({"hold": {"number": "-1"}}, "answers.hold.number: The number is in none"),
        ({"hold": {"number": "-0"}}, "answers.hold.number: A number is expected"),
        ({"callback": {"date": "2026-02-30"}}, "answers.callback.date: A date is expected"),
        ({"callback": {"date": "20261130"}}, "answers.callback.date: A date is expected"),
        ({"remark": {"text": "x", "from_ms": "1"}}, 'answers.remark: Either "at_ms" or both'),
        ({"remark": {"text": "x", "from_ms": "2", "to_ms": "1"}}, 'answers.remark: "from_ms" is later'),
    ],
)
def test_answers_that_the_form_does_not_allow(answers: dict[str, Any], place: str) -> None:
    with pytest.raises(BadFile) as refused:
        read_answers(answers_bytes(answers), read_form(as_bytes(EXAMPLE)))
    assert str(refused.value).startswith(place)


def in_range(question: str, low: str | None, high: str | None) -> dict[str, Any]:
    return {"question": question, "op": "in_range", "from": low, "to": high}


def one_of(question: str, *options: str, op: str = "in") -> dict[str, Any]:
    return {"question": question, "op": op, "options": list(options)}


def when(*conditions: dict[str, Any], join: str = "all") -> Change:
    return lambda form: questions(form)[5].update(when={join: list(conditions)})


def chained(form: dict[str, Any]) -> None:
    """Add four questions, each asked only after the one before."""
    for number in range(4):
        condition = {"when": {"all": [one_of(f"c{number - 1}", "a")]}} if number else {}
        options = [{"key": key, "label": key, "points": "1"} for key in "ab"]
        form["sections"][1]["questions"].append(
            {"key": f"c{number}", "text": "?", "type": "choice", "options": options, **condition}
        )


def after_the_never_asked(form: dict[str, Any]) -> None:
    when(in_range("hold", "5", None), in_range("hold", None, "4"))(form)
    questions(form)[6]["when"] = {"any": [one_of("apology", "yes")]}


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (lambda f: f.update(title=" "), "title", "no title"),
        (lambda f: f.update(title={}), "title", "no title"),
        (lambda f: f["sections"][1].update(questions=[]), "sections[1]", "no questions"),
        (lambda f: [q.update(scored=False) for q in questions(f)], "sections", "no scored question"),
        (lambda f: [s.update(weight="0") for s in f["sections"]], "sections", "can change the score"),
        (lambda f: f["sections"][1].update(key="opening"), "sections[1]", "Another section"),
        (lambda f: questions(f)[2].update(key="hold"), TOPICS, "Another question"),
        (
            lambda f: questions(f)[2]["options"][1].update(key="a"),
            f"{TOPICS}.options",
            "Several options have the key",
        ),
        (
            lambda f: questions(f)[1]["ranges"][1].update({"from": "32"}),
            f"{HOLD}.ranges[1]",
            "overlap or leave a gap",
        ),
        (
            lambda f: questions(f)[1]["ranges"][1].update({"from": "30"}),
            f"{HOLD}.ranges[1]",
            "overlap or leave a gap",
        ),
        (
            lambda f: questions(f)[1]["ranges"][1].update({"to": None}),
            f"{HOLD}.ranges[2]",
            "overlap or leave a gap",
        ),
        (lambda f: questions(f)[1]["ranges"][0].update({"from": "40"}), f"{HOLD}.ranges[0]", "above"),
        (
            lambda f: questions(f)[1]["ranges"][0].update({"from": "0.5"}),
            f"{HOLD}.ranges[0]",
            "multiple of the step",
        ),
        (lambda f: questions(f)[1].update(step="0"), f"{HOLD}.step", "The step is 0"),
        (when(in_range("apology", "1", None)), f"{APOLOGY}.when.all[0]", "depends on itself"),
        (when(one_of("summary", "yes")), f"{APOLOGY}.when.all[0]", "comes later"),
        (when(one_of("nothing", "yes")), f"{APOLOGY}.when.all[0]", "There is no question"),
        (when(one_of("remark", "yes")), f"{APOLOGY}.when.all[0]", "cannot be used with"),
        (when(one_of("greeting")), f"{APOLOGY}.when.all[0]", "no option"),
        (when(one_of("greeting", "maybe")), f"{APOLOGY}.when.all[0]", "has no option"),
        (when(in_range("hold", "0.1", "0.9")), f"{APOLOGY}.when.all[0]", "contains no answer"),
        (
            when(in_range("hold", "5", None), in_range("hold", None, "4")),
            f"{APOLOGY}.when",
            "meets all conditions",
        ),
        (
            when(one_of("greeting", "yes"), one_of("greeting", "no")),
            f"{APOLOGY}.when",
            "meets all conditions",
        ),
        (when(one_of("topics", "a"), one_of("topics", "a", op="not_in")), f"{APOLOGY}.when", "meets all"),
        (after_the_never_asked, "sections[1].questions[0].when", "never asked"),
        (chained, "sections[1].questions[4].when", "in a chain: 4"),
        (lambda f: questions(f)[0]["options"].pop(), f"{GREETING}.options", "at least two options"),
        (lambda f: questions(f)[2].update(max_points="3"), f"{TOPICS}.max_points", "fewer points"),
        (lambda f: questions(f)[2].update(fail_below="50"), TOPICS, '"fail_below" needs "fail"'),
        (lambda f: questions(f)[2].update(fail="form", fail_below="0"), f"{TOPICS}.fail_below", "above 0"),
        (
            lambda f: questions(f)[2].update(fail="form", fail_below="101"),
            f"{TOPICS}.fail_below",
            "at most 100",
        ),
        (
            lambda f: questions(f)[0]["options"][1].update(points="1"),
            f"{GREETING}.options[1]",
            "as many points",
        ),
        (
            lambda f: questions(f)[2]["options"][0].update(fail="form"),
            f"{TOPICS}.options[0]",
            "Give it 0 points",
        ),
        (
            lambda f: questions(f)[2].update(max_points="0"),
            TOPICS,
            "No answer gives points",
        ),
        (lambda f: questions(f)[0].update(bonus=True), GREETING, "cannot fail"),
        (lambda f: questions(f)[0].update(scored=False), GREETING, "cannot fail"),
        (
            lambda f: (f["sections"][0].update(bonus=True), f["sections"][0]["questions"].pop(1)),
            GREETING,
            "cannot fail",
        ),
        (lambda f: f.update(bonus_cap="99.9999"), "bonus_cap", "below 100"),
    ],
)
def test_a_fault_has_its_place_and_says_what_to_do(change: Change, place: str, words: str) -> None:
    findings = [finding for finding in lint(read_form(as_bytes(changed(change)))) if not finding.warning]
    assert [finding.place for finding in findings if words in finding.sentence] == [place]


def test_too_many_questions_and_options_are_findings() -> None:
    options = [{"key": f"o{number}", "label": "o", "points": "1"} for number in range(201)]
    form = changed(lambda f: questions(f)[2].update(options=options))
    form["sections"][1]["questions"] += [{"key": f"t{n}", "text": "?", "type": "text"} for n in range(1_000)]
    places = [finding.place for finding in lint(read_form(as_bytes(form))) if not finding.warning]
    assert places == ["sections", f"{TOPICS}.options"]


def test_allowed_forms_have_no_findings() -> None:
    """The example has one warning. Two conditions that can be met together, and one after an `any`, have none."""
    assert [(finding.place, finding.warning) for finding in lint(read_form(as_bytes(EXAMPLE)))] == [
        (GREETING, True)
    ]
    fine = changed(when(in_range("hold", "5", None), in_range("hold", None, "5"), one_of("topics", "a", "b")))
    questions(fine)[0]["na"] = False
    assert lint(read_form(as_bytes(fine))) == []


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "form.json").write_bytes(as_bytes(EXAMPLE))
    (tmp_path / "answers.json").write_bytes(answers_bytes(EXAMPLE_ANSWERS))
    (tmp_path / "faulty.json").write_bytes(as_bytes({**EXAMPLE, "title": ""}))
    (tmp_path / "none.json").write_bytes(b"{}")
    amazon = amazon_forms.form(amazon_forms.section("s", amazon_forms.question("q")))
    (tmp_path / "amazon.json").write_bytes(as_bytes(amazon))
    (tmp_path / "described.json").write_bytes(as_bytes({**amazon, "Description": "For calls"}))
    return tmp_path


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["lint_form", "form.json"], 0, "Warning: This is the only question that can fail the form"),
        (["lint_form", "faulty.json"], 1, "title: The form has no title."),
        (["lint_form", "none.json"], 2, 'The key "format" is missing.'),
        (["lint_form", "not-there.json"], 2, "No such file"),
        (["score_form", "form.json", "answers.json"], 0, '"score": "60.00"'),
        (["score_form", "faulty.json", "answers.json"], 1, "title: The form has no title."),
        (["score_form", "form.json", "none.json"], 2, "none.json: The file"),
        (["convert_form", "amazon.json"], 0, '"mode": "points"'),
        (["convert_form", "described.json"], 1, "Description: The description is not carried over"),
        (["convert_form", "none.json"], 2, 'none.json: The file: The key "Title" is missing.'),
    ],
)
def test_the_commands(
    folder: Path, capsys: pytest.CaptureFixture[str], command: list[str], code: int, words: str
) -> None:
    try:
        call_command(command[0], *(str(folder / name) for name in command[1:]))
        ended = 0
    except SystemExit as exit_:
        ended = exit_.code
    output = capsys.readouterr()
    assert (ended, words in output.out + output.err) == (code, True)
