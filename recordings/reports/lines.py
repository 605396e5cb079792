"""What a report says of an event: cells of CSV and XLSX, or a line of JSON that can be hashed again."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from pydantic_core import to_json

from recordings.audit.sentences import plain_sentence
from recordings.reports.trail import Line
from recordings.sheets.cells import csv_cell
from recordings.sheets.xlsx import Output, Workbook

COLUMNS = (
    "event_no",
    "recorded_at",
    "occurred_at",
    "kind",
    "outcome",
    "actor",
    "actor_name",
    "role",
    "purpose",
    "note",
    "target_kind",
    "target",
    "target_label",
    "object",
    "address",
    "request_id",
    "sentence",
    "event_id",
    "body_sha256",
)
_NOT_IN_TABLES = ("source.user_agent",)
# Excel takes a file without it for Latin-1, and names in Hebrew for noise.
_BYTE_ORDER_MARK = "\ufeff"
_PLAIN = re.compile(r'[^\W_][^",\r\n]*\Z')  # nearly every cell: no formula, nothing to quote
_REMEMBERED = 100  # characters: longer ones hardly come again

Writer = Callable[[Sequence[Line]], object]


class Format(NamedTuple):
    """How a file of events is written: `to` opens a writer of batches, `without` names personal values it never shows.
    `row_bytes` is what an event takes, roughly and on the safe side."""

    to: Callable[[Output], AbstractContextManager[Writer]]
    row_bytes: int
    without: tuple[str, ...] = ()


@contextmanager
def _csv_file(out: Output) -> Iterator[Writer]:
    out.write(csv_head())
    yield lambda events: out.write(csv_lines(events))


@contextmanager
def _json_file(out: Output) -> Iterator[Writer]:
    yield lambda events: out.write(json_lines(events))


@contextmanager
def _xlsx_file(out: Output) -> Iterator[Writer]:
    with Workbook(out, COLUMNS) as book:
        yield lambda events: book.write([(event.number, *row(event)[1:]) for event in events])


FORMATS = {
    "csv": Format(_csv_file, 800, _NOT_IN_TABLES),
    "xlsx": Format(_xlsx_file, 400, _NOT_IN_TABLES),
    "jsonl": Format(_json_file, 2000),
}


class _Cells(dict[str, str]):
    """Cells of CSV, remembered: most values of a trail come again and again."""

    def __missing__(self, value: str) -> str:
        cell = value if _PLAIN.match(value) else csv_cell(value)
        if len(cell) < _REMEMBERED:
            self[value] = cell
        return cell


def csv_head() -> bytes:
    """The first line: the names of the columns."""
    return (_BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n").encode()


def csv_lines(events: Sequence[Line]) -> bytes:
    """One line per event, RFC 4180 in UTF-8."""
    cell = _Cells().__getitem__
    out = []
    for number, recorded_at, *cells, event_id, sha256 in map(row, events):
        out.append(f"{number},{recorded_at},{','.join(map(cell, cells))},{event_id},{sha256}\r\n")
    return "".join(out).encode()


def json_lines(events: Sequence[Line]) -> bytes:
    """One JSON object per event. `body` is the exact text whose SHA-256 `sha256` is; each value of `revealed` comes
    with the salt that makes its commitment checkable, and is missing once it was erased."""
    return b"".join(to_json(_facts(event)) + b"\n" for event in events)


def row(event: Line) -> list[str]:
    """The values of COLUMNS, as they are."""
    body, target = event.body, event.part("object")
    ref = str(target.get("ref", ""))
    return [
        str(event.number),
        event.recorded_at,
        str(body.get("occurred_at", "")),
        event.kind,
        event.outcome,
        event.actor_ref,
        event.actor_name,
        str(event.part("actor").get("role", "")),
        event.purpose,
        event.private("purpose.note"),
        str(target.get("kind", "")),
        ref,
        event.private("object.label"),
        ref if ref.startswith("object:") else str(target.get("parent", "")),
        event.private("source.ip"),
        str(event.part("request").get("id", "")),
        plain_sentence(event),
        event.event_id,
        event.sha256,
    ]


def _facts(event: Line) -> dict[str, object]:
    revealed = {
        name: {"value": found.value, "salt": found.salt.hex()}
        for name, found in event.disclosed.items()
        if found is not None
    }
    return {
        "n": event.number,
        "recorded_at": event.recorded_at,
        "body": event.data.decode(),
        "sha256": event.sha256,
        "revealed": revealed,
    }
