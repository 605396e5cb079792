"""docs/asvs.md names every section of the standard that has requirements of level 1 or 2, and tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "asvs.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if re.match(r"\| (?:V?\d)", line)
]
# Chapters of ASVS 5.0.0, and how many sections each has; those with requirements of level 3 only.
SECTIONS = {
    1: 5,
    2: 4,
    3: 7,
    4: 4,
    5: 4,
    6: 8,
    7: 6,
    8: 4,
    9: 2,
    10: 7,
    11: 7,
    12: 3,
    13: 4,
    14: 3,
    15: 4,
    16: 5,
    17: 3,
}
LEVEL_3_ONLY = {"V3.1", "V3.6", "V6.7", "V11.7", "V15.4"}


def test_every_section_has_a_row() -> None:
    named = {name for row in ROWS for name in re.findall(r"\bV\d+(?:\.\d+)?", row[0])}
    wanted = {
        f"V{chapter}.{section}" for chapter, count in SECTIONS.items() for section in range(1, count + 1)
    }
    missing = {
        name for name in wanted - LEVEL_3_ONLY if name not in named and name.partition(".")[0] not in named
    }
    assert missing == set()
    assert {name for name in named if "." in name} <= wanted


def test_every_row_has_a_state_and_what_shows_it() -> None:
    for name, state, shown in ROWS:
        assert state in ("met", "partly", "not met", "not applicable"), name
        assert shown, name
        if state == "met":
            assert re.search(r"`[a-z].*`|docs/|Python", shown), name


def test_what_is_named_exists() -> None:
    tests = re.findall(r"`((?:unit|integration|e2e|authz_matrix)/[^`]+)`", TEXT)
    assert [path for path in tests if not (ROOT / "tests" / path).is_file()] == []
    documents = re.findall(r"\b((?:docs/[\w/-]+|SECURITY)\.md)", TEXT)
    assert [path for path in documents if not (ROOT / path).is_file()] == []
