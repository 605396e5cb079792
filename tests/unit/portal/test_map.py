"""CONTRIBUTING's map of recordings/ against the tree and against the floors that the import contracts hold."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
BLOCKS = re.findall(
    r"^```[^\n]*\n(.*?)^```", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL
)
ENTRY = re.compile(r"(?<!\S)([a-z_]+(?:/|\.py))(?=\s|$)")
# Contracts by what they contain.
LAYERS = {
    contract["containers"][0]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    if contract["type"] == "layers"
}


def block_with(first: str) -> list[str]:
    return next(block for block in BLOCKS if f" {first}" in block.splitlines()[0]).splitlines()


MAPS = {
    "recordings": block_with("overview/"),
    "recordings.proof": block_with("evidence/"),
    "recordings.reviews": block_with("numbers/"),
}


def entries(lines: list[str]) -> list[str]:
    """Packages and files of a map, in its order: the first of a line, or all of Django's own."""
    found = []
    for line in lines:
        names = ENTRY.findall(line)
        found += names if line.startswith("Django") else names[:1]
    return found


@pytest.mark.parametrize("container", MAPS)
def test_the_map_names_each_package_and_file_once(container: str) -> None:
    folder = ROOT / container.replace(".", "/")
    packages = {f"{path.parent.name}/" for path in folder.glob("*/__init__.py")}
    # The map of a package whose files are below its packages has these only, as its contract does.
    is_whole = LAYERS[container].get("exhaustive", False)
    files = {path.name for path in folder.glob("*.py")} - {"__init__.py"} if is_whole else set()
    assert sorted(entries(MAPS[container])) == sorted(packages | files)


@pytest.mark.parametrize("container", MAPS)
def test_the_map_has_the_floors_of_the_contract(container: str) -> None:
    """Top to bottom, each floor with the same names."""
    contract = LAYERS[container]
    drawn = [name.removesuffix("/").removesuffix(".py") for name in entries(MAPS[container])]
    apart = set(contract.get("exhaustive_ignores", ()))
    floors = [layer.split(" | ") for layer in contract["layers"]]
    drawn = [name for name in drawn if name not in apart]
    for floor in floors:
        assert sorted(drawn[: len(floor)]) == sorted(floor)
        drawn = drawn[len(floor) :]
    assert drawn == []


@pytest.mark.parametrize("container", MAPS)
def test_each_line_says_what_the_package_is_for(container: str) -> None:
    for line in MAPS[container]:
        if not line.startswith("Django"):
            assert re.search(r"(?:/|\.py)\s+\w.{10,}", line), line
