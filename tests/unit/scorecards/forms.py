"""Forms and answers for tests: the documented example, and random forms."""

import json
import random
from typing import Any

EXAMPLE: dict[str, Any] = json.loads("""
{"format": "auditportal-form/1", "title": "Video call, standard", "mode": "sections", "bonus_cap": "100",
 "sections": [
  {"key": "opening", "title": "Opening", "weight": "40", "bonus": false, "questions": [
    {"key": "greeting", "text": "Greeted by name?", "type": "choice", "weight": "1", "na": true, "critical": false,
     "options": [{"key": "yes", "label": "Yes", "points": "1"},
                 {"key": "no", "label": "No", "points": "0", "fail": "form"}]},
    {"key": "hold", "text": "Seconds on hold", "type": "number", "step": "1", "weight": "1",
     "ranges": [{"from": "0", "to": "30", "points": "10"}, {"from": "31", "to": "60", "points": "5"},
                {"from": "61", "to": null, "points": "0", "fail": "section"}]},
    {"key": "topics", "text": "Which topics?", "type": "multiple", "weight": "1", "max_points": "2",
     "options": [{"key": "a", "label": "A", "points": "1"}, {"key": "b", "label": "B", "points": "1"}]},
    {"key": "remark", "text": "Remark", "type": "text"},
    {"key": "callback", "text": "Call back on", "type": "date"},
    {"key": "apology", "text": "Apologised?", "type": "choice", "weight": "1", "na": true,
     "options": [{"key": "yes", "label": "Yes", "points": "1"}, {"key": "no", "label": "No", "points": "0"}],
     "when": {"all": [{"question": "hold", "op": "in_range", "from": "61", "to": null}]}}]},
  {"key": "closing", "title": "Closing", "weight": "60", "questions": [
    {"key": "summary", "text": "Summed up?", "type": "choice",
     "options": [{"key": "yes", "label": "Yes", "points": "1"}, {"key": "no", "label": "No", "points": "0"}]}]}]}
""")

EXAMPLE_ANSWERS: dict[str, Any] = {
    "greeting": {"option": "yes"},
    "hold": {"number": "61"},
    "topics": {"options": ["a"]},
    "apology": {"na": True, "reason": "the customer hung up"},
    "remark": {"text": "…"},
    "callback": {"date": "2026-11-30"},
    "summary": {"option": "yes"},
}


def as_bytes(form: Any) -> bytes:
    return json.dumps(form).encode()


def answers_bytes(answers: Any) -> bytes:
    return json.dumps({"format": "auditportal-answers/1", "answers": answers}).encode()


def random_form(dice: random.Random) -> dict[str, Any]:
    """Generate a form of up to four sections. It may have faults; tests skip those that lint finds."""
    keys: list[dict[str, Any]] = []
    sections = []
    for number in range(dice.randint(1, 4)):
        bonus = number > 0 and dice.random() < 0.2
        questions = [_question(dice, keys, bonus) for _ in range(dice.randint(1, 5))]
        weight = dice.choice(["0", "1", "2.5", "40"])
        sections.append(
            {"key": f"s{number}", "title": "S", "weight": weight, "bonus": bonus, "questions": questions}
        )
    return {
        "format": "auditportal-form/1",
        "title": "T",
        "mode": dice.choice(["points", "sections"]),
        "bonus_cap": dice.choice([None, "100", "110.5"]),
        "sections": sections,
    }


def _question(dice: random.Random, earlier: list[dict[str, Any]], bonus_section: bool) -> dict[str, Any]:
    kind = dice.choice(["choice", "choice", "multiple", "number", "number", "text", "date"])
    bonus = dice.random() < 0.15
    question: dict[str, Any] = {
        "key": f"q{len(earlier)}",
        "text": "?",
        "type": kind,
        "weight": dice.choice(["0", "1", "1", "3", "0.3333"]),
        "na": dice.random() < 0.5,
        "critical": dice.random() < 0.15,
        "bonus": bonus,
        "scored": kind in ("text", "date") or dice.random() < 0.9,
    }
    may_fail = question["scored"] and not bonus and not bonus_section
    if kind in ("choice", "multiple"):
        question["options"] = [
            {"key": f"o{number}", "label": "o", "points": dice.choice(["0", "1", "2.25", "7"])}
            for number in range(dice.randint(2, 4))
        ]
        if kind == "multiple" and dice.random() < 0.5:
            question["max_points"] = "2"
        if may_fail and dice.random() < 0.3:
            question["options"].append(
                {"key": "bad", "label": "bad", "points": "0", "fail": dice.choice(["section", "form"])}
            )
    if kind == "number":
        question["step"] = dice.choice(["1", "0.5"])
        edge = dice.randint(0, 9)
        following = str(edge + (1 if question["step"] == "1" else 0.5))
        question["ranges"] = [
            {"from": dice.choice([None, "-20"]), "to": str(edge), "points": dice.choice(["1", "4"])},
            {"from": following, "to": dice.choice([None, "40"]), "points": "0"},
        ]
        if may_fail and dice.random() < 0.4:
            question["ranges"][1]["fail"] = dice.choice(["section", "form"])
    if may_fail and kind in ("choice", "multiple", "number") and dice.random() < 0.2:
        question |= {
            "fail": dice.choice(["section", "form"]),
            "fail_below": dice.choice(["50", "33.3333", "100"]),
        }
    if (about := [other for other in earlier if other["type"] in ("choice", "multiple", "number")]) and (
        dice.random() < 0.35
    ):
        conditions = [_condition(dice, dice.choice(about)) for _ in range(dice.randint(1, 2))]
        question["when"] = {dice.choice(["all", "any"]): conditions}
    earlier.append(question)
    return question


def _condition(dice: random.Random, other: dict[str, Any]) -> dict[str, Any]:
    if other["type"] == "number":
        low = dice.choice([None, "-3", "2"])
        return {"question": other["key"], "op": "in_range", "from": low, "to": dice.choice([None, "8"])}
    options = [option["key"] for option in other["options"]]
    chosen = dice.sample(options, dice.randint(1, len(options)))
    return {"question": other["key"], "op": dice.choice(["in", "not_in"]), "options": chosen}


def random_answers(dice: random.Random, form: dict[str, Any]) -> dict[str, Any]:
    """Generate answers, allowed by the form, to most of its questions."""
    answers: dict[str, Any] = {}
    for question in (question for section in form["sections"] for question in section["questions"]):
        if dice.random() < 0.04:
            continue
        if question["na"] and dice.random() < 0.3:
            answer: dict[str, Any] = {"na": True}
            if dice.random() < 0.8:
                answer["reason"] = "because"
        elif question["type"] == "choice":
            answer = {"option": dice.choice(question["options"])["key"]}
        elif question["type"] == "multiple":
            keys = [option["key"] for option in question["options"]]
            answer = {"options": dice.sample(keys, dice.randint(0, len(keys)))}
        elif question["type"] == "number":
            held = dice.choice(question["ranges"])
            end = held["from"] if held["from"] is not None else held["to"]
            answer = {"number": end if end is not None else "0"}
        elif question["type"] == "text":
            answer = {"text": "…"}
        else:
            answer = {"date": "2026-02-28"}
        if dice.random() < 0.8:
            answer |= dice.choice([{"at_ms": "83000"}, {"from_ms": "1", "to_ms": "2"}])
        answers[question["key"]] = answer
    return answers
