"""What a report says of an event: cells of CSV and XLSX, or a line of JSON that can be hashed again."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import NamedTuple

from pydantic_core import to_json

from recordings.audit.opened import Opened
from recordings.audit.sentences import plain_sentence
from recordings.reports.cells import neutral
from recordings.reports.xlsx import Output, Workbook

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

Writer = Callable[[Sequence[Opened]], object]


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
        yield lambda events: book.write([row(event) for event in events])


FORMATS = {
    "csv": Format(_csv_file, 800, _NOT_IN_TABLES),
    "xlsx": Format(_xlsx_file, 400, _NOT_IN_TABLES),
    "jsonl": Format(_json_file, 2000),
}


def csv_head() -> bytes:
    """The first line: the names of the columns."""
    return (_BYTE_ORDER_MARK + _csv([COLUMNS])).encode()


def csv_lines(events: Sequence[Opened]) -> bytes:
    """One line per event, RFC 4180 in UTF-8."""
    return _csv(map(_neutral, row(event)) for event in events).encode()


def json_lines(events: Sequence[Opened]) -> bytes:
    """One JSON object per event. `body` is the exact text whose SHA-256 `sha256` is; each value of `revealed` comes
    with the salt that makes its commitment checkable, and is missing once it was erased."""
    return b"".join(to_json(_facts(event)) + b"\n" for event in events)


def _neutral(value: str | int) -> str | int:
    return neutral(value) if isinstance(value, str) else value


def _csv(rows: Iterable[Iterable[str | int]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def row(event: Opened) -> list[str | int]:
    """The values of COLUMNS, as they are."""
    stored, actor, target = event.stored, event.part("actor"), event.part("object")
    ref = str(target.get("ref", ""))
    return [
        stored.id,
        stamp(stored.recorded_at),
        stamp(stored.occurred_at),
        stored.kind,
        stored.outcome,
        event.actor_ref,
        event.actor_name,
        str(actor.get("role", "")),
        event.purpose,
        event.private("purpose.note"),
        event.target_kind,
        ref,
        event.private("object.label"),
        ref if ref.startswith("object:") else event.parent_ref,
        event.private("source.ip"),
        str(event.part("request").get("id", "")),
        plain_sentence(event),
        str(stored.event_id),
        stored.body_hash.hex(),
    ]


def _facts(event: Opened) -> dict[str, object]:
    revealed = {
        name: {"value": found.value, "salt": found.salt.hex()}
        for name, found in event.disclosed.items()
        if found is not None
    }
    return {
        "n": event.stored.id,
        "recorded_at": stamp(event.stored.recorded_at),
        "body": event.stored.body.decode(),
        "sha256": event.stored.body_hash.hex(),
        "revealed": revealed,
    }


def stamp(when: datetime) -> str:
    """A moment as text: UTC to the microsecond, the same length always."""
    return when.isoformat(timespec="microseconds").replace("+00:00", "Z")
