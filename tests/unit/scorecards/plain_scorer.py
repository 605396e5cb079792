"""An independent implementation of docs/scorecards.md, computed question by question from the files' texts.

It shares nothing with the product: it uses plain dictionaries, its own number parser and no classes.
"""

from decimal import Decimal
from fractions import Fraction as F
from typing import Any


def plain_score(form: dict[str, Any], answers: dict[str, Any]) -> dict[str, Any]:
    flat = [(s, q) for s in form["sections"] for q in s["questions"]]
    asked, valid = [], {}
    for _, q in flat:
        if "when" in q:
            ((joined, conditions),) = q["when"].items()
            truths = [holds(c, valid) for c in conditions]
            if not (all(truths) if joined == "all" else any(truths)):
                continue
        asked.append(q["key"])
        a = answers.get(q["key"])
        if a is not None and q.get("critical"):
            if a.get("na"):
                a = a if a.get("reason") else None
            elif "at_ms" not in a and "from_ms" not in a:
                a = None
        if a is not None:
            valid[q["key"]] = a

    def scored(q: dict[str, Any]) -> bool:
        return bool(q.get("scored", True)) and q["type"] not in ("text", "date")

    complete = not [
        q for _, q in flat if q["key"] in asked and q["key"] not in valid and (scored(q) or q.get("critical"))
    ]
    answered = [(s, q) for s, q in flat if q["key"] in valid and scored(q) and not valid[q["key"]].get("na")]
    failed = []
    for s, q in answered:
        kinds = fails(q, valid[q["key"]])
        failed += [{"question": q["key"], "section": s["key"], "fail": kind} for kind in kinds]
    counting = [(s, q) for s, q in answered if w(s) and w(q) and most(q)]
    core = [(s, q) for s, q in counting if not s.get("bonus") and not q.get("bonus")]

    def share(s: dict[str, Any], out: list[str], by_points: bool) -> F | None:
        inside = [q for t, q in counting if t is s]
        base = inside if s.get("bonus") else [q for t, q in core if t is s]
        factor = most if by_points else (lambda q: F(1))
        divisor = sum((w(q) * factor(q) for q in base), F(0))
        if not divisor:
            return F(0) if s.get("bonus") else None
        if s["key"] in out:
            return F(0)
        return sum((w(q) * factor(q) * p(q, valid[q["key"]]) for q in inside), F(0)) / divisor

    def total(out: list[str]) -> F | None:
        if form["mode"] == "points":
            divisor = sum((w(s) * w(q) * most(q) for s, q in core), F(0))
            reached = sum(
                (w(s) * w(q) * most(q) * p(q, valid[q["key"]]) for s, q in counting if s["key"] not in out),
                F(0),
            )
            return 100 * reached / divisor if divisor else None
        shares = [(s, share(s, out, False)) for s in form["sections"]]
        divisor = sum((w(s) for s, x in shares if x is not None and not s.get("bonus")), F(0))
        return 100 * sum((w(s) * x for s, x in shares if x is not None), F(0)) / divisor if divisor else None

    out = [f["section"] for f in failed if f["fail"] == "section"]
    score, without = total(out), total([])
    if any(f["fail"] == "form" for f in failed):
        score = F(0)
    cap = form.get("bonus_cap")
    if cap is not None:
        score, without = (None if x is None else min(x, F(cap)) for x in (score, without))
    weighed = [
        (s, q)
        for s, q in flat
        if q["key"] in valid
        and scored(q)
        and w(s)
        and w(q)
        and most(q)
        and not s.get("bonus")
        and not q.get("bonus")
    ]
    weights = {
        q["key"]: w(s) * w(q) * most(q)
        if form["mode"] == "points"
        else w(s) * w(q) / sum((w(r) for t, r in weighed if t is s), F(0))
        for s, q in weighed
    }
    whole = sum(weights.values(), F(0))
    na = sum((x for key, x in weights.items() if valid[key].get("na")), F(0))
    return {
        "complete": complete,
        "score": shown(score) if complete else None,
        "score_without_fails": shown(without) if complete else None,
        "failed": failed,
        "na_share": shown(100 * na / whole) if complete and whole else None,
        "sections": [
            {"key": s["key"], "score": shown(None if x is None else 100 * x)}
            for s in form["sections"]
            for x in [share(s, out, form["mode"] == "points")]
        ],
    }


def w(thing: dict[str, Any]) -> F:
    return F(thing.get("weight", "1"))


def most(q: dict[str, Any]) -> F:
    if q["type"] == "multiple":
        return (
            F(q["max_points"])
            if "max_points" in q
            else sum((F(o.get("points", "0")) for o in q["options"]), F(0))
        )
    return max(F(x.get("points", "0")) for x in q["options" if q["type"] == "choice" else "ranges"])


def picked(q: dict[str, Any], a: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the options, or the one range, that an answer selects."""
    if q["type"] == "number":
        n = F(a["number"])
        return [
            r
            for r in q["ranges"]
            if (r["from"] is None or F(r["from"]) <= n) and (r["to"] is None or n <= F(r["to"]))
        ][:1]
    keys = a["options"] if q["type"] == "multiple" else [a["option"]]
    return [o for o in q["options"] if o["key"] in keys]


def p(q: dict[str, Any], a: dict[str, Any]) -> F:
    return min(sum((F(x.get("points", "0")) for x in picked(q, a)), F(0)), most(q)) / most(q)


def fails(q: dict[str, Any], a: dict[str, Any]) -> list[str]:
    kinds = [x["fail"] for x in picked(q, a) if "fail" in x]
    if "fail_below" in q and 100 * p(q, a) < F(q["fail_below"]):
        kinds.append(q["fail"])
    return sorted(set(kinds), key=kinds.index)


def holds(c: dict[str, Any], valid: dict[str, Any]) -> bool:
    a = valid.get(c["question"])
    if a is None or a.get("na"):
        return False
    if c["op"] == "in_range":
        n = F(a["number"])
        return (c["from"] is None or F(c["from"]) <= n) and (c["to"] is None or n <= F(c["to"]))
    some = any(o in c["options"] for o in (a["options"] if "options" in a else [a["option"]]))
    return some if c["op"] == "in" else not some


def shown(x: F | None) -> str | None:
    if x is None:
        return None
    whole, rest = divmod(x * 100, 1)
    return str((whole + (1 if rest >= F(1, 2) else 0)) * Decimal("0.01"))
