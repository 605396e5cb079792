"""Forms of Amazon Connect: carried over whole they give the score that its documentation gives, else a note says what
is missing."""

import copy
import json
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from recordings.scorecards.amazon.convert import Converted, convert
from recordings.scorecards.amazon.file import MAX_BYTES, is_amazon
from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import Form, read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.numbers import show
from recordings.scorecards.score import score
from recordings.scorecards.strict_json import BadFile
from tests.thorough import amount
from tests.unit.scorecards.amazon_forms import (
    amazon_score,
    condition,
    form,
    question,
    questions,
    random_answers,
    random_form,
    section,
)
from tests.unit.scorecards.forms import answers_bytes

Json = dict[str, Any]


def converted(document: Json) -> Converted:
    return convert(json.dumps(document).encode())


def carried(document: Json) -> Json:
    """Return the converted form of a file that can be carried over whole."""
    result = converted(document)
    assert [str(note) for note in result.notes] == []
    return dict(json.loads(result.data))


def notes(document: Json) -> list[str]:
    return [str(note) for note in converted(document).notes]


def our_answers(document: Json, answers: Json) -> Json:
    ours: Json = {}
    for _path, found in questions(document):
        answer, key = answers[found["RefId"]], found["RefId"]
        if answer is None:
            ours[key] = {"na": True}
        elif found["QuestionType"] == "NUMERIC":
            ours[key] = {"number": str(answer)}
        else:
            ours[key] = {"options": answer} if isinstance(answer, list) else {"option": answer}
    return ours


def our_score(ours: Form, document: Json, answers: Json) -> str | None:
    read = read_answers(answers_bytes(our_answers(document, answers)), ours)
    return show(score(ours, read).score)


def test_a_form_carried_over_whole_gives_the_documented_score() -> None:
    dice = random.Random(26)
    whole, by_sections = 0, 0
    for _ in range(amount(400, 5_000)):
        document = random_form(dice)
        result = converted(document)
        ours = read_form(result.data)
        if result.notes or any(not finding.warning for finding in lint(ours)):
            continue
        whole += 1
        by_sections += ours.mode == "sections"
        for _ in range(5):
            answers = random_answers(dice, document)
            expected = amazon_score(document, answers)
            assert our_score(ours, document, answers) == show(expected), (document, answers)
    assert whole > 100
    assert by_sections > 10


def test_the_documented_example_of_redistributed_weights() -> None:
    """The page has four questions of 40, 20, 20 and 20 %: 60 %, and 75 % when the fourth is N/A."""
    options = [{"RefId": f"a{score}", "Text": f"{score}", "Score": score} for score in (10, 5, 0)]
    properties: Json = {"QuestionTypeProperties": {"SingleSelect": {"Options": options}}}
    items = [
        question(f"q{index}", Weight=weight, NotApplicableEnabled=True, **properties)
        for index, weight in enumerate((40, 20, 20, 20))
    ]
    document = form(section("all", *items))
    ours = read_form(json.dumps(carried(document)).encode())
    answers: Json = {"q0": "a10", "q1": "a5", "q2": "a5", "q3": "a0"}
    assert our_score(ours, document, answers) == "60.00" == show(amazon_score(document, answers))
    answers["q3"] = None
    assert our_score(ours, document, answers) == "75.00" == show(amazon_score(document, answers))


def test_a_form_with_every_part() -> None:
    fail = {"RefId": "no", "Text": "No", "Score": 0, "AutomaticFail": True}
    in_section = {"AutomaticFailConfiguration": {"TargetSection": "identity"}}
    yes = {"RefId": "Yes!", "Text": "Yes", "Score": 10}
    ranges = [{"MinValue": 31, "MaxValue": 60, "Score": 0}, {"MinValue": 0, "MaxValue": 30, "Score": 10}]
    document = form(
        section(
            "opening",
            question("greeting", Instructions="By name.", Weight=20),
            section(
                "identity",
                question("asked", Weight=40, QuestionTypeProperties=select(yes, {**fail, **in_section})),
                question("checked", Weight=20, Enablement=condition("asked", "Yes!"), NotApplicableEnabled=True),
            ),
        ),
        section(
            "hold",
            question("seconds", "NUMERIC", Weight=20, QuestionTypeProperties=numeric(0, 60, *ranges)),
            question("remark", "TEXT", NotApplicableEnabled=True),
        ),
    )  # fmt: skip
    answer = {"EvaluationForm": {**document, "EvaluationFormId": "1", "Status": "ACTIVE", "Locked": False}}
    assert carried(answer) == {
        "format": "auditportal-form/1",
        "title": "Calls",
        "mode": "points",
        "sections": [
            {
                "key": "opening",
                "title": "Opening",
                "questions": [
                    {
                        "key": "greeting", "text": "greeting?", "type": "choice", "help": "By name.", "weight": "20",
                        "options": [
                            {"key": "yes", "label": "Yes", "points": "10"},
                            {"key": "no", "label": "No", "points": "0"},
                        ],
                    },
                ],
            },
            {
                "key": "identity",
                "title": "Opening · Identity",
                "questions": [
                    {
                        "key": "asked", "text": "asked?", "type": "choice", "weight": "40",
                        "options": [
                            {"key": "yes-", "label": "Yes", "points": "10"},
                            {"key": "no", "label": "No", "points": "0", "fail": "section"},
                        ],
                    },
                    {
                        "key": "checked", "text": "checked?", "type": "choice", "na": True, "weight": "20",
                        "options": [
                            {"key": "yes", "label": "Yes", "points": "10"},
                            {"key": "no", "label": "No", "points": "0"},
                        ],
                        "when": {"all": [{"question": "asked", "op": "in", "options": ["yes-"]}]},
                    },
                ],
            },
            {
                "key": "hold",
                "title": "Hold",
                "questions": [
                    {
                        "key": "seconds", "text": "seconds?", "type": "number", "weight": "20", "step": "1",
                        "ranges": [
                            {"from": "0", "to": "30", "points": "10"},
                            {"from": "31", "to": "60", "points": "0"},
                        ],
                    },
                    {"key": "remark", "text": "remark?", "type": "text", "na": True},
                ],
            },
        ],
    }  # fmt: skip


def test_weights_of_sections_become_sections_or_equal_parts() -> None:
    plain = form(
        section("a", question("q1"), question("q2"), question("q3"), Weight=60),
        section("b", question("q4"), Weight=40),
        mode="SECTION_ONLY",
    )
    ours = carried(plain)
    assert (ours["mode"], [part["weight"] for part in ours["sections"]]) == ("sections", ["60", "40"])

    optional = copy.deepcopy(plain)
    next(questions(optional))[1]["NotApplicableEnabled"] = True
    ours = carried(optional)
    weights = [item["weight"] for part in ours["sections"] for item in part["questions"]]
    assert (ours["mode"], weights) == ("points", ["20", "20", "20", "40"])

    optional["Items"][0]["Section"]["Weight"] = 40  # a third of 40 has no four decimals
    weights = [item["weight"] for part in carried(optional)["sections"] for item in part["questions"]]
    assert weights == ["1", "1", "1", "3"]


def test_negations_and_joined_conditions() -> None:
    def when(enablement: Json) -> Json | None:
        found = question("c", NotApplicableEnabled=True, Enablement=enablement)
        ours = carried(form(section("s", question("a"), question("b"), found)))
        result: Json | None = ours["sections"][0]["questions"][2].get("when")
        return result

    both = condition("a", "yes")
    both["Condition"]["Operands"] += condition("b", "no")["Condition"]["Operands"]
    a_yes = {"question": "a", "op": "in", "options": ["yes"]}
    b_no = {"question": "b", "op": "in", "options": ["no"]}
    assert when({**both, "DefaultAction": "DISABLE"}) == {"all": [a_yes, b_no]}
    assert when({**both, "Action": "DISABLE"}) == {
        "any": [{**a_yes, "op": "not_in"}, {**b_no, "op": "not_in"}]
    }
    assert when({**both, "DefaultAction": "ENABLE"}) is None
    either = copy.deepcopy(both)
    either["Condition"]["Operator"] = "OR"
    assert when(either) == {"any": [a_yes, b_no]}
    nested = {"Condition": {"Operands": [{"Condition": either["Condition"]}]}, "Action": "ENABLE"}
    assert when(nested) == {"any": [a_yes, b_no]}
    assert when(condition("a", "yes", comparator="EXACT")) == {"all": [a_yes]}


def select(*options: Json, **more: Any) -> Json:
    """Describe the options of a SINGLESELECT question."""
    return {"SingleSelect": {"Options": list(options), **more}}


def numeric(low: int, high: int, *ranges: Json) -> Json:
    """Describe the ranges of a NUMERIC question."""
    return {"Numeric": {"MinValue": low, "MaxValue": high, "Options": list(ranges)}}


def _multi(*scores: int, **more: Any) -> Json:
    options = [{"RefId": f"o{n}", "Text": f"O{n}", "Score": score} for n, score in enumerate(scores)]
    return {"QuestionTypeProperties": {"MultiSelect": {"Options": options, **more}}}


def _with(**more: Any) -> Json:
    return form(section("s", question("q", **more)))


def _option(**more: Any) -> Json:
    document = copy.deepcopy(_with())
    next(questions(document))[1]["QuestionTypeProperties"]["SingleSelect"]["Options"][1].update(more)
    return document


SECTION = "Items[0].Section"
QUESTION = f"{SECTION}.Items[0].Question"
SELECT = f"{QUESTION}.QuestionTypeProperties.SingleSelect"
THRESHOLDS = [{"PerformanceCategory": "NEEDS_IMPROVEMENT", "MaxScorePercentage": 60}]
A: Json = {"RefId": "a", "Text": "A"}
GEN_AI = {"AnswerSource": {"SourceType": "GEN_AI"}}


@pytest.mark.parametrize(
    ("document", "note"),
    [
        (form(section("s", question("q")), Description="For video"), "Description: The description is not"),
        (form(section("s", question("q")), Tags={"team": "a"}), "Tags: The tags are not"),
        (
            form(section("s", question("q")), AutoEvaluationConfiguration={"Enabled": True}),
            "AutoEvaluationConfiguration: The automation",
        ),
        (form(section("s", question("q")), Shiny=1), "Shiny: The key is not documented."),
        (
            form(section("s", question("q"), Instructions="Listen"), mode="SECTION_ONLY"),
            f"{SECTION}.Instructions: The instructions of",
        ),
        (
            form(section("s", question("q"), ScoreThresholds=THRESHOLDS)),
            f"{SECTION}.ScoreThresholds: The score thresholds",
        ),
        (
            form(section("s", question("q")), section("t")),
            "Items[1].Section: The section has no questions and is left out.",
        ),
        (form(section("s", question("q")), status="DISABLED"), "ScoringStrategy: Scoring is disabled"),
        (
            _with(QuestionTypeProperties=select({**A, "Score": 8}, Automation=GEN_AI)),
            f"{SELECT}.Automation: The automation is not carried over",
        ),
        (
            _with(QuestionTypeProperties=select({**A, "Score": 10}, DisplayAs="DROPDOWN")),
            f"{SELECT}: The options are shown as a list",
        ),
        (
            _with(QuestionTypeProperties=select({**A, "Score": 8})),
            f"{QUESTION}: The best answer has a score of 8 of 10.",
        ),
        (_with(QuestionTypeProperties=select(A)), f"{QUESTION}: No answer has a score in the file."),
        (
            form(section("s", question("q", "MULTISELECT", **_multi(4, 3)))),
            f"{QUESTION}: The best answer has a score of 7 of 10.",
        ),
        (form(section("s", question("q", "TEXT"))), f"{QUESTION}: Here the question may stay empty."),
        (
            form(section("s", question("q", "DATETIME", NotApplicableEnabled=True))),
            f"{QUESTION}: Only a date is asked for",
        ),
        (
            _option(AutomaticFail=True, AutomaticFailConfiguration={"TargetSection": "elsewhere"}),
            f'{SELECT}.Options[1]: The answer "No" fails the section "elsewhere".',
        ),
        (
            _option(AutomaticFailConfiguration={"TargetSection": "s"}),
            f"{SELECT}.Options[1]: It names a section to fail, but",
        ),
        (
            _with(Enablement=condition("unknown", "yes")),
            f'{QUESTION}: "unknown" is not a question with options.',
        ),
        (
            _with(Enablement=condition("q", "maybe")),
            f'{QUESTION}: The condition names the unknown option "maybe".',
        ),
        (
            _with(Enablement={**condition("q", "yes", action="DISABLE"), "DefaultAction": "DISABLE"}),
            f"{QUESTION}: Amazon Connect never asks",
        ),
        (
            _with(Enablement=condition("q", "yes", "no", comparator="ALL_IN")),
            f'{QUESTION}: "ALL_IN" is not carried over',
        ),
        (
            form(
                section(
                    "s",
                    question("a", NotApplicableEnabled=True),
                    question("q", Enablement=condition("a", "no", action="DISABLE")),
                )
            ),
            f"{SECTION}.Items[1].Question: When the question that it depends on",
        ),
        (
            form(section("s", section("t", question("q")), question("r"))),
            f"{SECTION}.Items[1].Question: The question now comes before",
        ),
        (
            form(section("s", question("q", Weight=100), question("r"))),
            f"{SECTION}.Items[1].Question: The question has no weight",
        ),
        (
            form(
                section(
                    "s", question("q", Weight=33.333333333333336), question("r", Weight=66.66666666666667)
                )
            ),
            "Items: Weights have at most four decimals",
        ),
        (
            form(
                section("s", question("q"), section("t", question("r"), Weight=50), Weight=100),
                mode="SECTION_ONLY",
            ),
            f"{SECTION}: The weights of the subsections are not carried over",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_said_with_its_place(document: Json, note: str) -> None:
    said = notes(document)
    assert any(sentence.startswith(note) for sentence in said), said
    read_form(converted(document).data)


def test_a_fail_of_a_section_that_is_divided_is_not_made_smaller() -> None:
    fail: Json = {"RefId": "no", "Text": "No", "Score": 0, "AutomaticFail": True}
    fail["AutomaticFailConfiguration"] = {"TargetSection": "s"}
    yes = {"RefId": "yes", "Text": "Yes", "Score": 10}
    failing = question("q", QuestionTypeProperties=select(yes, fail))
    document = form(section("s", failing, section("t", question("r"))))
    assert len(notes(document)) == 1
    assert '"fail"' not in converted(document).data.decode()


def test_points_have_bonus_questions_but_no_bonus_answers() -> None:
    def points(*values: tuple[int, bool]) -> list[Json]:
        return [
            {
                "RefId": f"a{n}",
                "Text": f"A{n}",
                "PointsConfiguration": {"PointValue": value, "IsBonus": bonus},
            }
            for n, (value, bonus) in enumerate(values)
        ]

    bonus_question = question(
        "extra",
        QuestionTypeProperties={"SingleSelect": {"Options": points((5, False), (0, False))}},
        ScoringConfiguration={"PointsConfiguration": {"IsBonus": True}},
    )
    base = question(
        "q", QuestionTypeProperties={"SingleSelect": {"Options": points((20, False), (0, False))}}
    )
    ours = carried(form(section("s", base, bonus_question), mode="POINTS_BASED"))
    assert [item.get("bonus", False) for item in ours["sections"][0]["questions"]] == [False, True]

    bonus_answer = question(
        "r", QuestionTypeProperties={"SingleSelect": {"Options": points((20, False), (30, True))}}
    )
    document = form(section("s", bonus_answer), mode="POINTS_BASED")
    assert notes(document) == [
        f'{SELECT}.Options[1]: The bonus of the answer "A1" is not carried over: it gives 20 points.'
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.pop("Title"), 'The file: The key "Title" is missing.'),
        (lambda d: d.update(Title=1), "Title: A string is expected."),
        (lambda d: d.update(Items={}), "Items: A list is expected."),
        (lambda d: d["Items"].append({}), "Items[1]: Exactly one of Section, Question is expected."),
        (lambda d: d["Items"].append(question("q2")), "Items[1].Question: A question must be in a section."),
        (lambda d: d["ScoringStrategy"].update(Mode="AVERAGE"), "ScoringStrategy.Mode: One of QUESTION_ONLY"),
        (lambda d: _question_of(d).update(Weight="10"), f"{QUESTION}.Weight: A number is expected"),
        (lambda d: _question_of(d).update(Weight=float("nan")), f"{QUESTION}.Weight: A number is expected"),
        (lambda d: _question_of(d).update(Weight=1e300), f"{QUESTION}.Weight: A number is expected"),
        (lambda d: _question_of(d).update(Weight=101), f"{QUESTION}.Weight: A number from 0 to 100"),
        (lambda d: _question_of(d).update(QuestionType="SLIDER"), f"{QUESTION}.QuestionType: One of"),
        (
            lambda d: _question_of(d).update(NotApplicableEnabled=1),
            f"{QUESTION}.NotApplicableEnabled: true or false",
        ),
        (
            lambda d: _question_of(d).pop("QuestionTypeProperties"),
            f'{QUESTION}: The key "QuestionTypeProperties"',
        ),
        (
            lambda d: _question_of(d).update(RefId="s"),
            f"{QUESTION}.RefId: Another section or question has this RefId.",
        ),
        (lambda d: _options_of(d)[0].update(Score=11), f"{SELECT}.Options[0].Score: A number from 0 to 10"),
        (
            lambda d: _options_of(d)[0].update(Score=1.5),
            f"{SELECT}.Options[0].Score: A whole number is expected.",
        ),
        (
            lambda d: _options_of(d)[0].update(RefId="no"),
            f"{SELECT}.Options[1]: Another option has this RefId.",
        ),
        (
            lambda d: _question_of(d).update(Enablement={"Action": "ENABLE"}),
            f'{QUESTION}.Enablement: The key "Condition"',
        ),
        (
            lambda d: _section_of(d)["Items"].append(section("t", section("u", section("v")))),
            f"{SECTION}.Items[1].Section.Items[0].Section: Sections may be nested two levels deep",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_the_place(
    change: Callable[[Json], Any], words: str
) -> None:
    document = _with()
    change(document)
    with pytest.raises(BadFile) as refused:
        converted(document)
    assert str(refused.value).startswith(words)


def _section_of(document: Json) -> Json:
    found: Json = document["Items"][0]["Section"]
    return found


def _question_of(document: Json) -> Json:
    return next(questions(document))[1]


def _options_of(document: Json) -> list[Json]:
    found: list[Json] = _question_of(document)["QuestionTypeProperties"]["SingleSelect"]["Options"]
    return found


def test_only_a_form_of_amazon_is_taken_for_one() -> None:
    assert is_amazon(json.dumps({"EvaluationForm": {}}).encode())
    assert is_amazon(json.dumps(_with()).encode())
    assert not is_amazon(b'{"format": "auditportal-form/1", "Items": []}')
    assert not is_amazon(b"[]")
    with pytest.raises(BadFile, match="The file is not JSON"):
        is_amazon(b"{")
    with pytest.raises(BadFile, match="512 KiB"):
        convert(b" " * (MAX_BYTES + 1))


def test_a_repeated_key_is_refused() -> None:
    with pytest.raises(BadFile, match='The key "Title" is repeated'):
        convert(b'{"Title": "a", "Title": "b", "Items": []}')


def test_keys_are_made_from_identifiers_and_stay_different() -> None:
    document = form(section("S 1", question("Ü"), question("ü"), question("A B"), question("a-b")))
    ours = carried(document)
    assert [item["key"] for item in ours["sections"][0]["questions"]] == ["-", "--2", "a-b", "a-b-2"]
    assert Fraction(1) == read_form(json.dumps(ours).encode()).sections[0].weight
