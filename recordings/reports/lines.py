"""An event as cells of CSV and XLSX, or as a line of JSON. Exports are in English, whoever requests them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from recordings.reports.events import Line
from recordings.sheets.cells import csv_column
from recordings.sheets.rows import Cell, Rows
from recordings.sheets.xlsx import Output, Workbook
from recordings.trail.compose import ENGLISH
from recordings.trail.sentences import plain_sentence

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
# Titles of the same columns in a workbook.
TITLES = (
    "Event",
    "Recorded (UTC)",
    "Occurred (UTC)",
    "Type",
    "Outcome",
    "Account",
    "Person",
    "Role",
    "Purpose",
    "Note",
    "Target type",
    "Reference",
    "Name",
    "Object",
    "Address",
    "Request",
    "Description",
    "Event id",
    "SHA-256 of the event",
)
NOT_IN_TABLES = ("source.user_agent",)
# Without it Excel reads UTF-8 as Latin-1.
_BYTE_ORDER_MARK = "\ufeff"

Encode = Callable[[Sequence[Line]], Any]
Append = Callable[[Any], object]
Facts = Sequence[tuple[str, Cell]]


class Format(NamedTuple):
    """How a file of events is written.

    `encoder` encodes events, in any process. `to` opens what appends the encoded pieces in order, given the facts about
    the report. `row_bytes`: size of an event, a generous estimate. `without`: personal values it never shows.
    """

    encoder: Callable[[], Encode]
    to: Callable[[Output, Facts], AbstractContextManager[Append]]
    row_bytes: int
    without: tuple[str, ...] = ()


@contextmanager
def _csv_file(out: Output, _: Facts) -> Iterator[Append]:
    out.write(csv_head())
    yield out.write


@contextmanager
def _json_file(out: Output, _: Facts) -> Iterator[Append]:
    yield out.write


@contextmanager
def _xlsx_file(out: Output, facts: Facts) -> Iterator[Append]:
    with Workbook(out, TITLES) as book:
        book.cover = facts
        yield book.append


def _xlsx_rows() -> Encode:
    rows = Rows()
    return lambda events: rows.block([_xlsx_row(event) for event in events])


def _xlsx_row(event: Line) -> tuple[Cell, ...]:
    """Return the values of COLUMNS for a sheet, times as datetimes."""
    number, recorded_at, occurred_at, *rest = row(event)
    return (int(number), _moment(recorded_at), _moment(occurred_at), *rest)


def _moment(text: str) -> Cell:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment if moment.tzinfo else text


FORMATS = {
    "csv": Format(lambda: csv_lines, _csv_file, 800, NOT_IN_TABLES),
    "xlsx": Format(_xlsx_rows, _xlsx_file, 400, NOT_IN_TABLES),
    "jsonl": Format(lambda: json_lines, _json_file, 2000),
}


def csv_head() -> bytes:
    """Return the first line, the names of the columns."""
    return (_BYTE_ORDER_MARK + ",".join(COLUMNS) + "\r\n").encode()


def csv_lines(events: Sequence[Line]) -> bytes:
    """Return a line per event, RFC 4180 in UTF-8."""
    columns = map(csv_column, zip(*map(row, events), strict=True))
    return "".join([f"{','.join(cells)}\r\n" for cells in zip(*columns, strict=True)]).encode()


def json_lines(events: Sequence[Line]) -> bytes:
    """Return a JSON object per event.

    `sha256` is the SHA-256 of the exact text `body`. Each value of `revealed` has the salt of its commitment, and is
    missing once it was erased.
    """
    return b"".join(to_json(_facts(event)) + b"\n" for event in events)


def row(event: Line) -> tuple[str, ...]:
    """Return the values of COLUMNS as text."""
    target, ref = event.target, event.target_ref
    return (
        str(event.number),
        event.recorded_at,
        str(event.body.get("occurred_at", "")),
        event.kind,
        event.outcome,
        event.actor_ref,
        event.actor_name,
        str(event.actor.get("role", "")),
        event.purpose,
        event.private("purpose.note"),
        str(target.get("kind", "")),
        ref,
        event.private("object.label"),
        ref if ref.startswith("object:") else str(target.get("parent", "")),
        event.private("source.ip"),
        str(event.part("request").get("id", "")),
        plain_sentence(event, ENGLISH),
        event.event_id,
        event.sha256,
    )


def _facts(event: Line) -> dict[str, object]:
    revealed = {
        name: {"value": disclosed.value, "salt": disclosed.salt.hex()}
        for name, disclosed in event.disclosed.items()
        if disclosed is not None
    }
    return {
        "n": event.number,
        "recorded_at": event.recorded_at,
        "body": event.data.decode(errors="replace"),
        "sha256": event.sha256,
        "revealed": revealed,
    }
