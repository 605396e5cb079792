"""Every reason the parser gives has its words: what it means, which field it is about, what somebody can do."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from recordings.commbox.parsing import recordings as parsing
from recordings.operations.meanings import UNKNOWN, meaning_of, meaning_of_flag

ROOT = Path(__file__).parents[3]
PLACES = [*(ROOT / "recordings/commbox/parsing").glob("*.py"), ROOT / "recordings/refresh/listing.py"]


def reasons() -> Iterator[str]:
    """Each sentence that is raised as Refused, and the one that a listing notes; `{…}` stands for a field's name."""
    for path in PLACES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                yield said(node.args[0])
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "reason":
                yield said(node.value)


def said(node: ast.expr) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(part.value) if isinstance(part, ast.Constant) else "objectId" for part in node.values
        )
    assert isinstance(node, ast.Constant)
    return str(node.value)


REASONS = sorted(set(reasons()))


def test_the_reasons_are_found() -> None:
    assert len(REASONS) >= 10
    assert "It belongs to another channel than the one that was listed." in REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_a_reason_has_a_meaning(reason: str) -> None:
    meaning = meaning_of(reason)
    assert meaning.means is not UNKNOWN
    assert meaning.field
    for words in map(str, (meaning.title, meaning.means, meaning.remedy)):
        assert words.endswith(".")
        assert words[0].isupper()


def test_a_missing_id_is_named() -> None:
    assert meaning_of("Its streamId is missing or no whole 64-bit number.").field == "streamId"


@pytest.mark.parametrize("reason", ["", "An older version said this.", "It is not an object with fields"])
def test_another_reason_has_none_to_show(reason: str) -> None:
    assert (meaning_of(reason).title, meaning_of(reason).means) == (reason, UNKNOWN)


def test_every_flag_has_a_meaning() -> None:
    names = ("duration", "file_size", "recorded_at", "created_at", "recording_url")
    source = Path(parsing.__file__).read_text()
    kinds = [kind for kind in ("bad", "negative", "huge", "future") if f'"{kind}_' in source]
    assert len(kinds) == 4
    for kind in kinds:
        for name in names:
            assert meaning_of_flag(f"{kind}_{name}").means is not UNKNOWN
    assert meaning_of_flag("strange").means is UNKNOWN
