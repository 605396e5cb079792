"""Forms as Amazon Connect's API documents them, random ones with answers, and their score by its documentation.

Sources: docs/scorecards.md, "Forms of Amazon Connect". The computation shares nothing with the product.
"""

import random
from collections.abc import Iterator
from fractions import Fraction as F
from typing import Any

Json = dict[str, Any]


def question(ref: str, kind: str = "SINGLESELECT", **more: Any) -> Json:
    """Build a question; SINGLESELECT has the answers "yes" (10) and "no" (0)."""
    options = [{"RefId": "yes", "Text": "Yes", "Score": 10}, {"RefId": "no", "Text": "No", "Score": 0}]
    properties = {"SINGLESELECT": {"SingleSelect": {"Options": options, "DisplayAs": "RADIO"}}}
    found = {"Title": f"{ref}?", "RefId": ref, "QuestionType": kind, **more}
    if kind in properties:
        found.setdefault("QuestionTypeProperties", properties[kind])
    return {"Question": found}


def section(ref: str, *items: Json, **more: Any) -> Json:
    return {"Section": {"Title": ref.title(), "RefId": ref, "Items": list(items), **more}}


def form(*sections: Json, mode: str = "QUESTION_ONLY", status: str = "ENABLED", **more: Any) -> Json:
    strategy = {"Mode": mode, "Status": status}
    return {"Title": "Calls", "Items": list(sections), "ScoringStrategy": strategy, **more}


def condition(ref: str, *values: str, action: str = "ENABLE", comparator: str = "IN") -> Json:
    """Build the enablement of a question that depends on another."""
    expression = {
        "Source": {"Type": "QUESTION_REF_ID", "RefId": ref},
        "Values": [{"Type": "OPTION_REF_ID", "RefId": value} for value in values],
        "Comparator": comparator,
    }
    return {"Condition": {"Operands": [{"Expression": expression}]}, "Action": action}


def questions(document: Json) -> Iterator[tuple[list[Json], Json]]:
    """Iterate over all questions, each with the sections that it is in, the outermost first."""

    def inside(items: list[Json], path: list[Json]) -> Iterator[tuple[list[Json], Json]]:
        for item in items:
            if "Section" in item:
                yield from inside(item["Section"]["Items"], [*path, item["Section"]])
            else:
                yield path, item["Question"]

    return inside(document["Items"], [])


# --- random forms


def random_form(dice: random.Random) -> Json:
    """Generate a form that can be carried over whole: conditions and fails included, no automation."""
    mode = dice.choice(["QUESTION_ONLY", "SECTION_ONLY", "POINTS_BASED"])
    optional = mode != "SECTION_ONLY" or dice.random() < 0.5
    earlier: list[Json] = []
    sections = []
    for number in range(dice.randint(1, 4)):
        ref = f"section-{number}"
        if dice.random() < 0.3:
            parts = [
                section(f"{ref}-{part}", *_questions(dice, mode, f"{ref}-{part}", earlier, optional))
                for part in range(dice.randint(1, 3))
            ]
            sections.append(section(ref, *parts))
        else:
            sections.append(section(ref, *_questions(dice, mode, ref, earlier, optional)))
    document = form(*sections, mode=mode)
    if mode == "QUESTION_ONLY":
        for _path, found in questions(document):
            found["Weight"] = dice.choice([0, 5, 12.5, 40])
    if mode == "SECTION_ONLY":
        for item in sections:
            weight = dice.choice([10, 25, 33.3333, 60])
            parts = [part["Section"] for part in item["Section"]["Items"] if "Section" in part]
            if parts and dice.random() < 0.5:
                for part in parts:
                    part["Weight"] = weight
            else:
                item["Section"]["Weight"] = weight
    return document


def _questions(
    dice: random.Random, mode: str, section_ref: str, earlier: list[Json], optional: bool
) -> list[Json]:
    items = []
    for _ in range(dice.randint(1, 4)):
        kind = dice.choice(["SINGLESELECT", "SINGLESELECT", "MULTISELECT", "NUMERIC"])
        found = question(f"q{len(earlier)}", kind)["Question"]
        bonus = mode == "POINTS_BASED" and dice.random() < 0.2
        outcomes = _outcomes(dice, mode, kind, section_ref, may_fail=not bonus)
        if kind == "NUMERIC":
            found["QuestionTypeProperties"] = {"Numeric": {"MinValue": 0, "MaxValue": 9, "Options": outcomes}}
        else:
            part = "SingleSelect" if kind == "SINGLESELECT" else "MultiSelect"
            found["QuestionTypeProperties"] = {part: {"Options": outcomes}}
        if mode == "POINTS_BASED" and (bonus or kind == "MULTISELECT"):
            points: Json = {"IsBonus": bonus}
            if kind == "MULTISELECT" and dice.random() < 0.5:
                points["MaxPointValue"] = 7
            found["ScoringConfiguration"] = {"PointsConfiguration": points}
        if dice.random() < 0.1:
            found["ScoringConfiguration"] = {"IsExcludedFromScoring": True}
            for outcome in outcomes:
                outcome["AutomaticFail"] = False
                outcome.pop("AutomaticFailConfiguration", None)
        asked = [
            other for other in earlier if other["QuestionType"] != "NUMERIC" and "Enablement" not in other
        ]
        if optional and asked and dice.random() < 0.25:
            about = dice.choice(asked)
            values = [option["RefId"] for option in _given(about)]
            found["Enablement"] = condition(
                about["RefId"],
                *dice.sample(values, dice.randint(1, len(values) - 1)),
                action=dice.choice(["ENABLE", "DISABLE"]),
                comparator=dice.choice(["IN", "NOT_IN"]),
            )
        earlier.append(found)
        items.append({"Question": found})
    # A question that others depend on cannot be optional.
    sources = {_source(item) for item in earlier if "Enablement" in item}
    for item in earlier:
        item["NotApplicableEnabled"] = optional and item["RefId"] not in sources and dice.random() < 0.4
    return items


def _outcomes(dice: random.Random, mode: str, kind: str, section_ref: str, *, may_fail: bool) -> list[Json]:
    if kind == "MULTISELECT":
        scores = dice.choice([[10, 0], [4, 6, 2], [5, 5, 5]])
    else:
        scores = dice.choice([[10, 0], [10, 5, 0], [10, 7, 3, 0]])
    outcomes: list[Json] = []
    for index, score in enumerate(scores):
        outcome: Json = {"RefId": f"a{index}", "Text": f"Answer {index}"}
        if kind == "NUMERIC":
            size = 10 // len(scores)
            last = index == len(scores) - 1
            outcome = {"MinValue": index * size, "MaxValue": 9 if last else (index + 1) * size - 1}
        if mode == "POINTS_BASED":
            outcome["PointsConfiguration"] = {"PointValue": score * dice.choice([1, 3])}
        else:
            outcome["Score"] = score
        if may_fail and score == 0 and dice.random() < 0.3:
            outcome["AutomaticFail"] = True
            if dice.random() < 0.7:
                outcome["AutomaticFailConfiguration"] = {"TargetSection": section_ref}
        outcomes.append(outcome)
    return outcomes


def random_answers(dice: random.Random, document: Json) -> Json:
    """Answer all questions: a RefId, a list of them, a number, or None for N/A."""
    answers: Json = {}
    for _path, found in questions(document):
        refs = [outcome.get("RefId") for outcome in _given(found)]
        if found.get("NotApplicableEnabled") and dice.random() < 0.4:
            answers[found["RefId"]] = None
        elif found["QuestionType"] == "SINGLESELECT":
            answers[found["RefId"]] = dice.choice(refs)
        elif found["QuestionType"] == "MULTISELECT":
            answers[found["RefId"]] = dice.sample(refs, dice.randint(0, len(refs)))
        else:
            answers[found["RefId"]] = dice.randint(0, 9)
    return answers


# --- the score by Amazon's documentation


def amazon_score(document: Json, answers: Json) -> F | None:
    """Compute the score in percent; None when nothing counts."""
    mode = document["ScoringStrategy"]["Mode"]
    asked = [(path, found) for path, found in questions(document) if _is_asked(found, answers)]
    counting = [
        (path, found) for path, found in asked if _is_scored(found) and answers[found["RefId"]] is not None
    ]
    failed_sections, form_fails = set(), False
    for _path, found in counting:
        for outcome in _chosen(found, answers[found["RefId"]]):
            if outcome.get("AutomaticFail"):
                target = outcome.get("AutomaticFailConfiguration", {}).get("TargetSection")
                failed_sections.add(target)
                form_fails = form_fails or target is None
    if form_fails:
        return F(0)

    def earned(path: list[Json], found: Json) -> F:
        if any(part["RefId"] in failed_sections for part in path):
            return F(0)
        total = sum(F(_worth(outcome, mode)) for outcome in _chosen(found, answers[found["RefId"]]))
        return min(F(total), _most(found, mode))

    if mode == "POINTS_BASED":
        of = sum(_most(found, mode) for _path, found in counting if not _is_bonus(found))
        return 100 * sum(earned(path, found) for path, found in counting) / of if of else None
    # The weights of the questions that count are scaled up so that they are 100 % again.
    weights = [_weight(document, path, found) for path, found in counting]
    scores = [earned(path, found) / 10 for path, found in counting]
    whole = sum(weights)
    return 100 * sum(w * s for w, s in zip(weights, scores, strict=True)) / whole if whole else None


def _weight(document: Json, path: list[Json], found: Json) -> F:
    if document["ScoringStrategy"]["Mode"] == "QUESTION_ONLY":
        return F(str(found["Weight"]))
    weighing = next(part for part in path if "Weight" in part)
    sharing = [
        other for other_path, other in questions(document) if weighing in other_path and _is_scored(other)
    ]
    return F(str(weighing["Weight"])) / len(sharing)


def _is_scored(found: Json) -> bool:
    return not found.get("ScoringConfiguration", {}).get("IsExcludedFromScoring")


def _is_bonus(found: Json) -> bool:
    return bool(found.get("ScoringConfiguration", {}).get("PointsConfiguration", {}).get("IsBonus"))


def _given(found: Json) -> list[Json]:
    ((_part, properties),) = found["QuestionTypeProperties"].items()
    options: list[Json] = properties["Options"]
    return options


def _worth(outcome: Json, mode: str) -> int:
    worth: int = outcome["PointsConfiguration"]["PointValue"] if mode == "POINTS_BASED" else outcome["Score"]
    return worth


def _most(found: Json, mode: str) -> F:
    if mode != "POINTS_BASED":
        return F(10)
    worths = [_worth(outcome, mode) for outcome in _given(found)]
    if found["QuestionType"] != "MULTISELECT":
        return F(max(worths))
    cap = found.get("ScoringConfiguration", {}).get("PointsConfiguration", {}).get("MaxPointValue")
    return F(sum(worths)) if cap is None else min(F(sum(worths)), F(cap))


def _chosen(found: Json, answer: Any) -> list[Json]:
    if found["QuestionType"] == "NUMERIC":
        return [o for o in _given(found) if o["MinValue"] <= answer <= o["MaxValue"]]
    refs = answer if isinstance(answer, list) else [answer]
    return [outcome for outcome in _given(found) if outcome["RefId"] in refs]


def _source(found: Json) -> str:
    ref: str = found["Enablement"]["Condition"]["Operands"][0]["Expression"]["Source"]["RefId"]
    return ref


def _is_asked(found: Json, answers: Json) -> bool:
    if "Enablement" not in found:
        return True
    expression = found["Enablement"]["Condition"]["Operands"][0]["Expression"]
    answer = answers[_source(found)]
    listed = {value["RefId"] for value in expression["Values"]}
    met = bool(listed & set(answer if isinstance(answer, list) else [answer]))
    met = met if expression["Comparator"] == "IN" else not met
    return met if found["Enablement"]["Action"] == "ENABLE" else not met
