"""Which of many problems is the first, and how a line is formatted."""

from recordings.proof.verification.findings import Check, Findings, Problem, plural


def test_the_lowest_leaf_is_the_first_problem() -> None:
    findings, later = Findings(), Findings()
    assert findings.first is None
    findings.add(Problem("tiles", "x"))
    findings.add(Problem("entries", "x", 9))
    later.add(Problem("entries", "x", 4))
    later.add(Problem("entries", "x", 5))
    findings.merge(later)
    assert findings.first == Problem("entries", "x", 4)
    assert findings.counts == {"tiles": 1, "entries": 3}


def test_a_problem_without_a_leaf_is_first_only_when_alone() -> None:
    findings = Findings()
    findings.add(Problem("root", "y"))
    assert findings.first == Problem("root", "y")


def test_problems_and_checks_as_text() -> None:
    problem = Problem("bodies", "its body is not a JSON object.", 4, "0198", "2026-11-20T09:14:22.123456Z")
    assert str(problem) == (
        "event 0198, leaf 4, recorded 2026-11-20T09:14:22.123456Z: its body is not a JSON object."
    )
    assert str(Problem("root", "Wrong.")) == "Wrong."
    assert str(Check("tiles", True, "3 full tiles", 0.5)) == "ok    tiles            0.50 s  3 full tiles"
    assert str(Check("root", False, "Wrong.")) == "FAIL  root                     Wrong."
    assert (plural(1, "leaf", "leaves"), plural(1_000, "leaf", "leaves"), plural(2, "event")) == (
        "1 leaf",
        "1,000 leaves",
        "2 events",
    )
