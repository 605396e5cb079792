"""Every forged bundle is found out by the check that is named for it, and honest ones pass and say what they must."""

import io

import pytest

from recordings.proof.evidence.check.verify_audit import CHECKS, verify
from tests.forgeries import NOT_CHECKED, case, cases

NAMES = [name for name, _ in CHECKS]
OF_A_PROOF = ["policy", "checkpoint", "witnesses", "inclusion", "bodies", "values", "times"]
STATEMENT = [
    "About",
    "Period",
    "Complete",
    "Viewings",
    "Events",
    "Requested",
    "Log",
    "Cosigned by",
    "Personal values",
    "Sealed late",
    "Malformed",
    "Recordings covered from",
    "Not covered",
    "Not checked",
    "Trust",
]


@pytest.mark.parametrize("name", cases())
def test_it_is_found_by_the_check_that_is_named_for_it(name: str) -> None:
    made = case(name)
    result = verify(io.BytesIO(made.data), **made.brought)
    single, said = made.data.startswith(b"c2sp.org/"), [line.name for line in result.statement]
    failing = [check.name for check in result.checks if check.state == "fail"]
    assert all(check.sentence and "Error" not in check.sentence for check in result.checks)
    if made.verdict == NOT_CHECKED:
        assert result.verdict.startswith("NOT CHECKED: "), result
        assert (result.checks, result.statement, result.exit_code) == ((), (), 2)
        return
    assert result.verdict == made.verdict, result
    assert failing[:1] == ([made.fails] if made.fails else []), result
    assert result.exit_code == (1 if made.fails else 0)
    expected = (
        OF_A_PROOF if single else [name for name in NAMES if name != "older" or "older" in made.brought]
    )
    assert [check.name for check in result.checks] == expected
    states = {check.name: check.state for check in result.checks}
    assert states | made.states == states
    texts = {line.name: line.text for line in result.statement}
    assert texts | made.says == texts
    assert said == ([] if single or made.fails else [name for name in STATEMENT if name in said])
