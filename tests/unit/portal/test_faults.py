"""docs/faults.md lists each fault once and names tests that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "faults.md").read_text()
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", TEXT)))


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert re.search(rf"^\s*(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_every_fault_is_there_once_with_its_test() -> None:
    rows = re.findall(r"^\| (F\d\d) \|.*\| (.+) \|$", TEXT, re.MULTILINE)
    assert [number for number, _ in rows] == [f"F{n:02}" for n in range(1, 41)]
    assert [number for number, test in rows if "::" not in test] == []
