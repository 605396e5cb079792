"""The score: the documented example, an independent scorer on random forms, and edge cases of the rules."""

import copy
import random
from typing import Any

import pytest

from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.score import score
from tests.thorough import amount
from tests.unit.scorecards.forms import (
    EXAMPLE,
    EXAMPLE_ANSWERS,
    answers_bytes,
    as_bytes,
    random_answers,
    random_form,
)
from tests.unit.scorecards.plain_scorer import plain_score


def scored(form: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    read = read_form(as_bytes(form))
    return score(read, read_answers(answers_bytes(answers), read)).as_json()


def card(*questions: dict[str, Any], mode: str = "sections", **form: Any) -> dict[str, Any]:
    """Build a form of one section with these questions."""
    section = {"key": "s", "title": "S", "questions": list(questions)}
    return {"format": "auditportal-form/1", "title": "T", "mode": mode, "sections": [section], **form}


def choice(key: str, **more: Any) -> dict[str, Any]:
    options = [{"key": "yes", "label": "Yes", "points": "1"}, {"key": "no", "label": "No"}]
    return {"key": key, "text": "?", "type": "choice", "options": options, **more}


def test_the_documented_example() -> None:
    result = scored(EXAMPLE, EXAMPLE_ANSWERS)
    assert result.pop("form_hash").startswith("sha256:")
    assert result == {
        "complete": True,
        "score": "60.00",
        "score_without_fails": "80.00",
        "failed": [{"question": "hold", "section": "opening", "fail": "section"}],
        "na_share": "10.00",
        "sections": [{"key": "opening", "score": "0.00"}, {"key": "closing", "score": "100.00"}],
    }
    by_points = scored({**EXAMPLE, "mode": "points"}, EXAMPLE_ANSWERS)
    assert [by_points[name] for name in ("score", "score_without_fails", "na_share")] == [
        "10.34",
        "24.14",
        "6.45",
    ]


@pytest.mark.parametrize("seed", range(8))
def test_an_independent_scorer_agrees(seed: int) -> None:
    dice, compared = random.Random(seed), 0
    while compared < amount(50, 1_250):
        form = random_form(dice)
        if any(not finding.warning for finding in lint(read_form(as_bytes(form)))):
            continue
        answers = random_answers(dice, form)
        result = scored(form, answers)
        del result["form_hash"]
        assert result == plain_score(form, answers), (form, answers)
        compared += 1


def test_a_number_is_rounded_once_half_up() -> None:
    """1 of 800 is 0.125 percent."""
    questions = [choice(f"q{number}") for number in range(800)]
    answers = {f"q{number}": {"option": "no" if number else "yes"} for number in range(800)}
    assert scored(card(*questions), answers)["score"] == "0.13"


def test_the_hash_does_not_depend_on_formatting() -> None:
    other = copy.deepcopy(EXAMPLE)
    other = dict(reversed(other.items()))
    assert read_form(as_bytes(EXAMPLE)).hash == read_form(as_bytes(other)).hash
    other["title"] = "Another"
    assert read_form(as_bytes(EXAMPLE)).hash != read_form(as_bytes(other)).hash


def test_without_an_answer_there_is_no_score() -> None:
    answers = {key: answer for key, answer in EXAMPLE_ANSWERS.items() if key != "summary"}
    result = scored(EXAMPLE, answers)
    assert (result["complete"], result["score"], result["na_share"]) == (False, None, None)


def test_a_text_may_be_empty_unless_it_is_critical() -> None:
    remark = {"key": "remark", "text": "?", "type": "text"}
    assert scored(card(choice("a"), remark), {"a": {"option": "yes"}})["complete"] is True
    assert (
        scored(card(choice("a"), {**remark, "critical": True}), {"a": {"option": "yes"}})["complete"] is False
    )


@pytest.mark.parametrize(
    ("answer", "complete"),
    [
        ({"option": "yes"}, False),
        ({"option": "yes", "at_ms": "1000"}, True),
        ({"option": "yes", "from_ms": "0", "to_ms": "5"}, True),
        ({"na": True}, False),
        ({"na": True, "reason": " "}, False),
        ({"na": True, "reason": "not on camera"}, True),
    ],
)
def test_a_critical_answer_needs_a_moment_or_a_reason(answer: dict[str, Any], complete: bool) -> None:
    assert scored(card(choice("a", critical=True, na=True)), {"a": answer})["complete"] is complete


def test_a_failed_form_scores_zero_even_when_nothing_counts() -> None:
    failing = choice("a", weight="0", options=[
        {"key": "yes", "label": "Yes", "points": "1"}, {"key": "no", "label": "No", "fail": "form"},
    ])  # fmt: skip
    result = scored(card(failing), {"a": {"option": "no"}})
    assert (result["score"], result["score_without_fails"], result["sections"][0]["score"]) == (
        "0.00",
        None,
        None,
    )


def test_equal_does_not_fail_below() -> None:
    options = [{"key": key, "label": key, "points": key} for key in ("1", "2")]
    form = card(choice("a", options=options, fail="form", fail_below="50"))
    assert scored(form, {"a": {"option": "1"}})["failed"] == []
    form["sections"][0]["questions"][0]["fail_below"] = "50.0001"
    assert scored(form, {"a": {"option": "1"}})["failed"] == [
        {"question": "a", "section": "s", "fail": "form"}
    ]


def test_the_cap_comes_last() -> None:
    bonus = choice("b", bonus=True, weight="0.5")
    answers = {"a": {"option": "yes"}, "b": {"option": "yes"}}
    assert scored(card(choice("a"), bonus), answers)["score"] == "150.00"
    assert scored(card(choice("a"), bonus, bonus_cap="110"), answers)["score"] == "110.00"
