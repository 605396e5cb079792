"""Scores that other products publish for their examples. docs/scorecards.md has the addresses."""

from typing import Any

import pytest

from recordings.scorecards.answers import read_answers
from recordings.scorecards.form import read_form
from recordings.scorecards.lint import lint
from recordings.scorecards.score import score
from tests.unit.scorecards.forms import answers_bytes, as_bytes

NA = {"na": True}


def scored(form: dict[str, Any], answers: dict[str, Any]) -> str | None:
    read = read_form(as_bytes(form))
    assert [finding for finding in lint(read) if not finding.warning] == []
    result: str | None = score(read, read_answers(answers_bytes(answers), read)).as_json()["score"]
    return result


def form(mode: str, *sections: dict[str, Any]) -> dict[str, Any]:
    return {"format": "auditportal-form/1", "title": "T", "mode": mode, "sections": list(sections)}


def section(key: str, *questions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"key": key, "title": key, "questions": list(questions), **more}


def yes_no(key: str, **more: Any) -> dict[str, Any]:
    options = [{"key": "yes", "label": "Yes", "points": "1"}, {"key": "no", "label": "No"}]
    return {"key": key, "text": key, "type": "choice", "na": True, "options": options, **more}


def rating(key: str, most: int, **more: Any) -> dict[str, Any]:
    """Build a choice of 0 to `most` points."""
    options = [
        {"key": str(points), "label": str(points), "points": str(points)} for points in range(most + 1)
    ]
    return {"key": key, "text": key, "type": "choice", "na": True, "options": options, **more}


def chosen(**points: Any) -> dict[str, Any]:
    return {key: value if value == NA else {"option": str(value)} for key, value in points.items()}


class TestGenesysCloud:
    FORM = form(
        "points",
        section("one", yes_no("q11"), yes_no("q12"), weight="40"),
        section("two", yes_no("q21"), weight="20"),
    )

    def test_the_weight_of_a_group_multiplies_its_points(self) -> None:
        """((1 * 40) + (1 * 20)) / ((2 * 40) + (1 * 20)) = 60 %."""
        assert scored(self.FORM, chosen(q11="yes", q12="no", q21="yes")) == "60.00"

    def test_na_leaves_both_sums(self) -> None:
        """A question or a group marked N/A shows zero out of zero possible points."""
        assert scored(self.FORM, chosen(q11="yes", q12=NA, q21="no")) == "66.67"
        assert scored(self.FORM, chosen(q11="yes", q12="no", q21=NA)) == "50.00"


class TestMaestroQA:
    def test_total_points(self) -> None:
        """21 of 35 points are 60 %; with N/A in a section of 5, 16 of 30 points are "roughly 53 %"."""
        most = {"grammar": 5, "knowledge": 10, "solving": 15, "privacy": 5}
        rubric = form("points", *(section(key, rating(key, points)) for key, points in most.items()))
        assert scored(rubric, chosen(grammar=3, knowledge=5, solving=8, privacy=5)) == "60.00"
        assert scored(rubric, chosen(grammar=3, knowledge=5, solving=8, privacy=NA)) == "53.33"

    @pytest.mark.parametrize(("mode", "expected"), [("sections", "70.00"), ("points", "65.00")])
    def test_weighted_sections(self, mode: str, expected: str) -> None:
        """Weighted sections give 70 %; the same answers as total points give 65 %."""
        most = {"grammar": (3, 10), "knowledge": (10, 30), "solving": (5, 50), "privacy": (2, 10)}
        rubric = form(
            mode,
            *(
                section(key, rating(key, points), weight=str(weight) if mode == "sections" else "1")
                for key, (points, weight) in most.items()
            ),
        )
        assert scored(rubric, chosen(grammar=3, knowledge=5, solving=4, privacy=1)) == expected

    def test_a_question_weighs_its_points_in_a_weighted_section(self) -> None:
        """A section's share is earned points by its maximum: 7 of 10, here of two questions."""
        rubric = form("sections", section("one", rating("a", 8, weight="8"), rating("b", 2, weight="2")))
        assert scored(rubric, chosen(a=5, b=2)) == "70.00"

    def test_a_bonus_section_can_exceed_100_percent(self) -> None:
        rubric = form("points", section("one", rating("a", 10)), section("two", rating("b", 2), bonus=True))
        assert scored(rubric, chosen(a=10, b=2)) == "120.00"

    def test_an_auto_fail_is_0_percent_whatever_else_was_chosen(self) -> None:
        fail = yes_no("fail", weight="0")
        fail["options"][1]["fail"] = "form"
        rubric = form("points", section("one", rating("a", 10)), section("two", fail))
        assert scored(rubric, chosen(a=10, fail="yes")) == "100.00"
        assert scored(rubric, chosen(a=10, fail="no")) == "0.00"


class TestZendeskQA:
    @pytest.mark.parametrize(
        ("ratings", "expected"),
        [
            (("yes", "yes", "yes", "yes", "yes"), "100.00"),
            (("yes", "no", "no", "yes", "no"), "30.00"),
            (("yes", "no", "yes", "yes", "yes"), "70.00"),
            (("yes", "yes", "yes", "no", "yes"), "80.00"),
            (("no", "yes", "yes", "yes", "yes"), "0.00"),
        ],
    )
    def test_a_critical_category_below_half_makes_the_review_0(
        self, ratings: tuple[str, ...], expected: str
    ) -> None:
        weights = {"request": "1", "clarification": "3", "explanation": "3", "writing": "2", "data": "1"}
        questions = [yes_no(key, weight=weight) for key, weight in weights.items()]
        questions[0] |= {"fail": "form", "fail_below": "50"}
        answers = chosen(**dict(zip(weights, ratings, strict=True)))
        assert scored(form("sections", section("one", *questions)), answers) == expected

    def test_na_leaves_the_weights_of_the_others(self) -> None:
        """4750 / 70 = 67.8571 %."""
        weights = {"clarity": "30", "tone": "30", "accuracy": "30", "structure": "10"}
        card = form(
            "sections", section("one", *(rating(key, 4, weight=weight) for key, weight in weights.items()))
        )
        assert scored(card, chosen(clarity=3, tone=NA, accuracy=2, structure=4)) == "67.86"
        assert scored(card, dict.fromkeys(weights, NA)) is None
        assert scored(card, chosen(clarity=3, tone=NA, accuracy=NA, structure=NA)) == "75.00"

    @pytest.mark.parametrize(
        ("steps", "shares"),
        [
            (2, ["0.00", "100.00"]),
            (3, ["0.00", "50.00", "100.00"]),
            (4, ["0.00", "33.33", "66.67", "100.00"]),
            (5, ["0.00", "25.00", "50.00", "75.00", "100.00"]),
        ],
    )
    def test_the_scales(self, steps: int, shares: list[str]) -> None:
        """(chosen - lowest) / (highest - lowest). Zendesk writes 33.3 and 66.6 where we round to two places."""
        card = form("sections", section("one", rating("a", steps - 1)))
        assert [scored(card, chosen(a=points)) for points in range(steps)] == shares
