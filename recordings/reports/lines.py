"""What a report says of an event: a line of CSV, or a line of JSON from which the exact bytes can be hashed again."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from pydantic_core import to_json

from recordings.audit.opened import Opened
from recordings.audit.sentences import plain_sentence
from recordings.reports.cells import neutral

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
NOT_IN_CSV = ("source.user_agent",)
# Excel takes a file without it for Latin-1, and names in Hebrew for noise.
_BYTE_ORDER_MARK = "\ufeff"

Lines = Callable[[Sequence[Opened]], bytes]


def csv_head() -> bytes:
    """The first line: the names of the columns."""
    return (_BYTE_ORDER_MARK + _csv([COLUMNS])).encode()


def csv_lines(events: Sequence[Opened]) -> bytes:
    """One line per event, RFC 4180 in UTF-8."""
    return _csv(_cells(event) for event in events).encode()


def json_lines(events: Sequence[Opened]) -> bytes:
    """One JSON object per event. `body` is the exact text whose SHA-256 `sha256` is; each value of `revealed` comes
    with the salt that makes its commitment checkable, and is missing once it was erased."""
    return b"".join(to_json(_facts(event)) + b"\n" for event in events)


def _csv(rows: Iterable[Sequence[str | int]]) -> str:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _cells(event: Opened) -> list[str | int]:
    row, actor, target = event.stored, event.part("actor"), event.part("object")
    ref = str(target.get("ref", ""))
    return [
        row.id,
        stamp(row.recorded_at),
        stamp(row.occurred_at),
        neutral(row.kind),
        neutral(row.outcome),
        neutral(event.actor_ref),
        neutral(event.actor_name),
        neutral(str(actor.get("role", ""))),
        neutral(event.purpose),
        neutral(event.private("purpose.note")),
        neutral(event.target_kind),
        neutral(ref),
        neutral(event.private("object.label")),
        neutral(ref if ref.startswith("object:") else event.parent_ref),
        neutral(event.private("source.ip")),
        neutral(str(event.part("request").get("id", ""))),
        neutral(plain_sentence(event)),
        str(row.event_id),
        row.body_hash.hex(),
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
