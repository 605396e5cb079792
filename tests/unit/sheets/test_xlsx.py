"""Workbooks: every value round trips, nothing is dropped, and nothing becomes a formula."""

import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from recordings.sheets import xlsx
from recordings.sheets.rows import CELL_UNITS, Cell, Rows
from recordings.sheets.xlsx import Output, Workbook


def written(columns: Sequence[str], rows: Sequence[Sequence[Cell]], **more: Any) -> io.BytesIO:
    out = io.BytesIO()
    write(out, columns, rows, **more)
    return out


def write(out: Output, columns: Sequence[str], rows: Iterable[Sequence[Cell]], sheet: str = "Events") -> None:
    """Write all rows, two at a time."""
    rest = iter(rows)
    with Workbook(out, columns, sheet) as book:
        while batch := list(islice(rest, 2)):
            book.write(batch)


def sheets(out: io.BytesIO) -> dict[str, list[list[Any]]]:
    """Read all rows of all sheets with openpyxl; an empty cell is an empty text."""
    book = openpyxl.load_workbook(out)
    return {
        sheet.title: [[_value(cell) for cell in row] for row in sheet.iter_rows()]
        for sheet in book.worksheets
    }


def _value(cell: Any) -> Any:
    assert cell.data_type in ("s", "n", "inlineStr")
    return "" if cell.value is None else unescape(cell.value) if isinstance(cell.value, str) else cell.value


texts = st.text(max_size=30) | st.sampled_from(
    ["=1+1", "_x0041_", "_x005F_x0041_", " a ", "a\r\nb", "\t", "\ud800", "'x"]
)
rows = st.lists(st.tuples(st.integers(-(10**15) + 1, 10**15 - 1), texts, texts), max_size=6)


@given(rows)
def test_every_value_round_trips(rows: list[tuple[int, str, str]]) -> None:
    out = written(["no", "a", "b"], rows)
    assert sheets(out) == {"Events": [["no", "a", "b"], *([number, a, b] for number, a, b in rows)]}


@given(rows)
def test_every_part_is_well_formed(rows: list[tuple[int, str, str]]) -> None:
    """Parsed strictly, because Excel reports a damaged file for a single wrong character."""
    with zipfile.ZipFile(written(["no", "a", "b"], rows)) as archive:
        assert archive.testzip() is None
        for name in archive.namelist():
            ElementTree.fromstring(archive.read(name))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "＝1", " =1", "'=1"])
def test_a_text_like_a_formula_stays_text_when_edited(text: str) -> None:
    cell = openpyxl.load_workbook(written(["a"], [[text]]))["Events"]["A2"]
    assert (cell.data_type, unescape(cell.value), cell.quotePrefix, cell.number_format) == (
        "s",
        text,
        True,
        "@",
    )


def test_a_number_with_more_digits_than_a_double_keeps_them() -> None:
    assert sheets(written(["id"], [[1_407_374_990_000_101], [7]]))["Events"][1:] == [
        ["1407374990000101"],
        [7],
    ]


def test_the_head_is_frozen_and_bold_and_columns_fit() -> None:
    sheet = openpyxl.load_workbook(written(["no", "event_id"], [[1, "x" * 36], [2, "y" * 500]]))["Events"]
    assert (sheet.freeze_panes, sheet["A1"].font.b, sheet["A2"].font.b) == ("A2", True, False)
    assert [sheet.column_dimensions[name].width for name in "AB"] == [10, 60]


def test_without_rows_there_is_a_head() -> None:
    assert sheets(written(["no", "a"], [])) == {"Events": [["no", "a"]]}


@pytest.mark.parametrize("count", [3, 4, 6, 7, 8])
def test_rows_continue_in_the_next_sheet(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(xlsx, "SHEET_ROWS", 4)  # a head and three rows
    found = sheets(written(["no"], [[number] for number in range(count)], sheet="Leaves"))
    full = -(-count // 3)
    assert list(found) == (["Leaves"] if full == 1 else [f"Leaves {number + 1}" for number in range(full)])
    assert all(rows[0] == ["no"] and len(rows) <= 4 for rows in found.values())
    assert [row[0] for rows in found.values() for row in rows[1:]] == list(range(count))


@given(rows, st.integers(1, 3))
def test_formatted_rows_continue_in_the_next_sheet(rows: list[tuple[int, str, str]], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(xlsx, "SHEET_ROWS", room + 1)
        out = io.BytesIO()
        with Workbook(out, ["no", "a", "b"]) as book:
            book.append(Rows().block([*rows, (0, "</row>", "<row>")]))
    found = sheets(out).values()
    assert [row for sheet in found for row in sheet[1:]] == [*map(list, rows), [0, "</row>", "<row>"]]
    assert all(len(sheet) <= room + 1 for sheet in found)


def test_a_sheet_with_too_many_bytes_is_continued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "SHEET_BYTES", 1500)
    found = sheets(written(["text"], [[f"{number:0500}"] for number in range(12)]))
    assert len(found) > 2
    assert [int(row[0]) for rows in found.values() for row in rows[1:]] == list(range(12))


@pytest.mark.parametrize("text", ["x" * 40_000, "😀" * 20_000, "a😀" * 30_000])
def test_a_text_too_long_for_a_cell_has_a_note(text: str) -> None:
    ((value,),) = sheets(written(["text"], [[text]]))["Events"][1:]
    assert len(value.encode("utf-16-le")) // 2 <= CELL_UNITS
    kept, note = value.split("… [")
    assert text.startswith(kept)
    assert note.startswith(f"{len(text):,} characters, too many for a cell")


@pytest.mark.parametrize("text", ["x" * CELL_UNITS, "😀" * (CELL_UNITS // 2)])
def test_the_longest_text_of_a_cell_is_complete(text: str) -> None:
    assert sheets(written(["text"], [[text]]))["Events"][1:] == [[text]]


class Pipe:
    """An output that cannot seek, like a file that is hashed while it is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes, /) -> int:
        self.data += data
        return len(data)

    def flush(self) -> None:
        """Do nothing."""


def test_it_never_seeks() -> None:
    pipe = Pipe()
    write(pipe, ["a"], [["x"], ["y"]])
    assert sheets(io.BytesIO(pipe.data)) == {"Events": [["a"], ["x"], ["y"]]}


def test_an_interrupted_workbook_cannot_be_opened() -> None:
    pipe = Pipe()

    def cut() -> Iterator[Sequence[Cell]]:
        yield from [["x"]] * 1500
        raise RuntimeError("cut")

    with pytest.raises(RuntimeError, match="cut"):
        write(pipe, ["a"], cut())
    assert pipe.data
    with pytest.raises((zipfile.BadZipFile, KeyError)):
        openpyxl.load_workbook(io.BytesIO(pipe.data))
