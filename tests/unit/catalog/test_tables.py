"""No value from CommBox becomes markup in a cell."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest

from recordings.assurance.findings import Finding
from recordings.assurance.listing import Item
from recordings.assurance.tables import ExpectedRecordings
from recordings.catalog.queries import CatalogLine, RecordingLine
from recordings.catalog.tables import (
    NEWEST_RECORDINGS,
    NEWEST_WITH_CUSTOMER,
    OBJECTS,
    RECORDINGS,
    Column,
    Table,
    _state_and_why,
    of_one_object,
)

EVIL = """<script>alert('1')</script>"><b class='x' onclick="y">&amp;"""
MOMENT, ID = datetime(2026, 11, 20, 9, 14, 22, tzinfo=UTC), UUID(int=7)
LINE = CatalogLine(
    1,
    ID,
    MOMENT,
    1,
    542,
    "video",
    "playable",
    "playable",
    "Dana",
    "•••• 4417",
    "Video",
    "Avery",
    MOMENT,
    True,
)
BARE = replace(LINE, files=0, duration_seconds=None)
RECORDING = RecordingLine(
    ID, MOMENT, 542, 1024, "video", "vanished_at_source", "Gone.", MOMENT, MOMENT, "unchanged", MOMENT
)
ITEM = Item(MOMENT, ID, 1, True, 31, 51, 542, 1024, "playable", 7, True, True, 300, ["outlier", "unplayable"])
MISSING = replace(ITEM, recorded=False, findings=["missing"])


def expected(text: str, *, may_open: bool) -> Sequence[Column[Item]]:
    """Return the columns of the list of expected recordings, with this text for every name and reason."""
    reasons: Mapping[Finding, str] = dict.fromkeys(Finding, text)
    return ExpectedRecordings({"51": text}, {"31": text}, {ID: reasons}, {1: MOMENT}, may_open).columns


class Shape(HTMLParser):
    """The elements of HTML with the names of their attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, list[str]]] = []
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, [name for name, _ in attrs]))

    def handle_data(self, data: str) -> None:
        self.words += data


def evil_in(line: Any) -> list[tuple[str, Any]]:
    """Return the line with each of its texts replaced by markup, one at a time."""
    texts = [field.name for field in fields(line) if isinstance(getattr(line, field.name), str)]
    return [(name, replace(line, **{name: EVIL})) for name in texts]


TABLES: dict[str, tuple[Sequence[Column[Any]], Any]] = {
    "objects": (OBJECTS, LINE),
    "objects without recordings": (OBJECTS, BARE),
    "recordings": (RECORDINGS, LINE),
    "newest recordings": (NEWEST_RECORDINGS, LINE),
    "newest with customer": (NEWEST_WITH_CUSTOMER, LINE),
    "of one object": (of_one_object(), RECORDING),
    "expected": (expected("plain", may_open=True), ITEM),
    "expected, not recorded": (expected("plain", may_open=False), MISSING),
}


@pytest.mark.parametrize("name", TABLES)
def test_no_text_becomes_markup(name: str) -> None:
    columns, line = TABLES[name]
    plain = Shape(Table(columns, [line]).rows)
    for field, evil in evil_in(line):
        shape = Shape(Table(columns, [evil]).rows)
        assert shape.elements == plain.elements, field


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("objects", {"customer", "phone_ending", "channel", "agent", "worst_state"}),
        ("recordings", {"recording_type", "customer", "phone_ending", "channel", "agent", "state"}),
        ("newest recordings", {"recording_type", "channel", "agent", "state"}),
        ("of one object", {"recording_type", "state", "state_reason"}),
        ("expected", {"state"}),
    ],
)
def test_a_text_is_shown_as_it_was_written(name: str, shown: set[str]) -> None:
    columns, line = TABLES[name]
    rows = {field: Shape(Table(columns, [evil]).rows) for field, evil in evil_in(line)}
    assert {field for field, row in rows.items() if EVIL in row.words} == shown


@pytest.mark.parametrize("may_open", [True, False])
@pytest.mark.parametrize("item", [ITEM, MISSING])
def test_names_and_reasons_around_the_items_are_texts_too(item: Item, may_open: bool) -> None:
    plain = Shape(Table(expected("plain", may_open=may_open), [item]).rows)
    evil = Shape(Table(expected(EVIL, may_open=may_open), [item]).rows)
    assert evil.elements == plain.elements
    assert evil.words.count(EVIL) == 2 + len(item.findings)


@pytest.mark.parametrize("name", TABLES)
def test_every_heading_has_its_cell(name: str) -> None:
    columns, line = TABLES[name]
    elements = Shape(Table(columns, [line]).rows).elements
    assert [tag for tag, _ in elements].count("td") == len(columns)


def test_a_recording_whose_file_nobody_looked_at_says_so() -> None:
    unseen = replace(RECORDING, state="playable", file_badge="")
    assert "Not checked yet" in _state_and_why(unseen)
    for line in (replace(unseen, file_badge="unchanged"), replace(unseen, state="file_missing")):
        assert "Not checked yet" not in _state_and_why(line)
