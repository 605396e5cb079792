"""The documents: README is short, links lead somewhere, commands exist, every block runs or says why it does not."""

import re
import subprocess
from argparse import ArgumentParser
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.documents import ROOT, Block, blocks, documents, is_there, links, prose

README = ROOT / "README.md"
NAMES = [str(path.relative_to(ROOT)) for path in documents()]
BLOCKS = [block for path in documents() for block in blocks(path)]
SHELL = [block for block in BLOCKS if block.is_shell]
# tests/e2e/test_stranger.py runs these: they need a demo, or a report of it.
RUN_BY_A_STRANGER = {"README.md"}
# They know nothing of Django (manage.py names them).
WITHOUT_DJANGO = {"sign_trail", "witness"}
MANAGE = re.compile(r"manage\.py ([a-z_]+)((?: +[^\s`|;#)]+)*)")

IDS = {
    row
    for name in ("threats.md", "faults.md")
    for row in re.findall(r"^\| ([A-Z]\d{1,2}) \|", (ROOT / "docs" / name).read_text(), re.MULTILINE)
}
SOURCES = [
    path
    for place in ("auditportal", "recordings", "tests")
    for path in (ROOT / place).rglob("*.py")
    if path != Path(__file__)
]
WORDS = re.compile(r'"""(.*?)"""|#(.*)$', re.DOTALL | re.MULTILINE)
CODE = re.compile(r"(?<![\w.%/\"'=-])(?:[A-FRSTU]\d{1,2})(?![\w%(\"'=]|:\d)")
# S3 is a service, the others are cells of a sheet, hexadecimal digits and control characters.
NO_CODES = {"S3", "A0", "A2", "C0", "C1", "F5"}
OUTSIDE = re.compile(r"(?<![-\w])(?:house|design|security|trail|models)\.md\b|api-facts|\bissue \d+")


def test_the_readme_is_one_page() -> None:
    lines = README.read_text().splitlines()
    assert len(lines) <= 100
    assert [line for line in lines if len(line) > 120] == []


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_to_a_file_and_a_heading(name: str) -> None:
    assert [link for link in links(ROOT / name) if not is_there(ROOT / name, link)] == []


def test_every_page_of_the_docs_is_reached_from_their_index() -> None:
    """Decisions have an index of their own."""
    reached: set[Path] = set()
    waiting = [ROOT / "docs" / "README.md", ROOT / "docs" / "adr" / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
        waiting += [
            path for path in targets if path.suffix == ".md" and path not in reached and path.exists()
        ]
    assert set((ROOT / "docs").rglob("*.md")) - reached == set()


def test_every_picture_is_shown() -> None:
    shown = {(path.parent / link).resolve() for path in documents() for link in links(path)}
    pictures = set((ROOT / "docs" / "pictures").glob("*.png"))
    assert pictures - shown == set()


@pytest.mark.parametrize("block", SHELL, ids=lambda block: f"{block.document}: {block.text[:30]}")
def test_a_block_of_commands_is_run_or_says_why_not(block: Block) -> None:
    assert block.document in RUN_BY_A_STRANGER or block.why_not_run
    done = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
    assert done.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_every_command_that_is_named_has_these_options(name: str) -> None:
    text = (ROOT / name).read_text().replace("\\\n", " ")
    wrong = []
    for command, arguments in MANAGE.findall(text):
        if command in WITHOUT_DJANGO:
            continue
        app = get_commands().get(command)
        if app is None:
            wrong.append(command)
            continue
        loaded = load_command_class(app, command) if isinstance(app, str) else app
        known = known_options(loaded.create_parser("manage.py", command))
        wrong += [f"{command} {option}" for option in options_of(arguments) if option not in known]
    assert wrong == []


def known_options(parser: ArgumentParser) -> set[str]:
    """Those of the command and of its steps, such as `erase_subject ask`."""
    steps = [
        step
        for action in parser._actions
        if isinstance(action.choices, dict)
        for step in action.choices.values()
    ]
    return options_of(parser.format_help()).union(*map(known_options, steps))


def options_of(text: str) -> set[str]:
    return set(re.findall(r"--[a-z][a-z-]+", text))


@pytest.mark.parametrize("name", NAMES)
def test_every_target_of_make_that_is_named_exists(name: str) -> None:
    """`make` and `demo` need not stand in a block: `make demo PORT=9000` in a sentence counts as well."""
    known = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z][a-z-]*)\b", (ROOT / name).read_text(), re.MULTILINE))
    assert named - known == set()


@pytest.mark.parametrize("name", [name for name in NAMES if name != "CHANGELOG.md"])
def test_every_file_that_is_named_exists(name: str) -> None:
    """Paths below the repository's folders, in code or in blocks."""
    folders = "auditportal|recordings|templates|static|tests|deploy|docs|bench"
    text = (ROOT / name).read_text()
    named = set(re.findall(rf"`((?:{folders})/[\w./*-]+?)`", text))
    assert [path for path in sorted(named) if not list(ROOT.glob(path.rstrip("/")))] == []


def test_no_document_cites_what_is_not_in_the_repository() -> None:
    found = {name: OUTSIDE.findall(prose(ROOT / name)) for name in NAMES}
    assert {name: cited for name, cited in found.items() if cited} == {}


def test_docstrings_and_comments_cite_ids_of_threats_and_faults_and_no_document_elsewhere() -> None:
    cited = {
        (str(path.relative_to(ROOT)), code)
        for path in SOURCES
        for texts in WORDS.findall(path.read_text())
        for code in CODE.findall("".join(texts)) + OUTSIDE.findall("".join(texts))
    }
    assert {(path, code) for path, code in cited if code not in IDS | NO_CODES} == set()


def test_the_index_of_decisions_has_their_titles() -> None:
    index = re.findall(
        r"^\| \[(\d{4})\]\(([^)]*)\) \| (.*) \|$", (ROOT / "docs/adr/README.md").read_text(), re.MULTILINE
    )
    assert len(index) == len(list((ROOT / "docs/adr").glob("0*.md")))
    for number, name, title in index:
        (heading,) = re.findall(r"\A# (.*)", (ROOT / "docs/adr" / name).read_text())
        assert heading == f"{number} {title.partition(' (')[0]}"
