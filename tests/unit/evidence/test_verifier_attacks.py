"""Every forged bundle is found out by the check that is named for it, and honest ones pass (trail.md, A1 to A18)."""

import io

import pytest

from recordings.evidence.verify_audit import verify
from tests.forgeries import case, cases

NAMES = [
    "files",
    "policy",
    "checkpoint",
    "witnesses",
    "inclusion",
    "bodies",
    "values",
    "opening",
    "manifest",
    "completeness",
    "anchors",
    "older",
    "times",
    "table",
]


@pytest.mark.parametrize("name", cases())
def test_it_is_found_by_the_check_that_is_named_for_it(name: str) -> None:
    made = case(name)
    result = verify(io.BytesIO(made.data), **made.brought)
    said = {check.name: check for check in result.checks}
    failing = [check.name for check in result.checks if not check.ok]
    assert result.verdict == made.verdict, result
    assert made.fails in failing if made.fails else not failing, result
    assert all(check.sentence for check in said.values())
    expected = [name for name in NAMES if name != "older" or "older" in made.brought]
    assert list(said) == (expected[1:7] if made.data.startswith(b"c2sp.org/") else expected)
