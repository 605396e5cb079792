"""The table of a bundle: made from the exact bytes and the revealed values only, so that anybody can make it again.

docs/trail-format.md says what each column is; the verifiers have it in their own words.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from recordings.audit.vault import ERASED
from recordings.evidence.leaves import Shipped
from recordings.evidence.texts import canonical
from recordings.sheets.cells import csv_cell

COLUMNS = (
    "leaf",
    "recorded_at",
    "occurred_at",
    "type",
    "outcome",
    "actor",
    "actor_name",
    "role",
    "purpose",
    "note",
    "target",
    "target_label",
    "parent",
    "address",
    "request_id",
    "detail",
    "event_id",
    "body_sha256",
)
BYTE_ORDER_MARK = "\ufeff".encode()

Row = tuple[int | str, ...]


def row(leaf: Shipped) -> Row:
    """The values of one event in the order of COLUMNS, as they are: no cell made harmless yet."""
    entry, body = from_json(leaf.entry), from_json(leaf.body)
    actor, target = body.get("actor", {}), body.get("object", {})

    def personal(part: str, name: str) -> str:
        return _personal(leaf, body, part, name)

    return (
        leaf.n,
        entry["r"],
        body["occurred_at"],
        body["type"],
        body["outcome"],
        actor.get("ref", ""),
        personal("actor", "name"),
        actor.get("role", ""),
        body.get("purpose", {}).get("code", ""),
        personal("purpose", "note"),
        target.get("ref", ""),
        personal("object", "label"),
        target.get("parent", ""),
        personal("source", "ip"),
        body.get("request", {}).get("id", ""),
        _detail(leaf, body.get("action_detail", {})),
        entry["e"],
        entry["bh"],
    )


def _personal(leaf: Shipped, body: Mapping[str, Any], part: str, name: str) -> str:
    if name not in body.get(part, {}):
        return ""
    found = leaf.values.get(f"{part}.{name}")
    return found.value if found else ERASED


def _detail(leaf: Shipped, detail: Mapping[str, Any]) -> str:
    """Revealed values in the clear; an erased one stays as its commitment, for nothing tells that from other text."""
    found = {name: leaf.values.get(f"action_detail.{name}") for name in detail}
    said = {name: shown.value if (shown := found[name]) else value for name, value in detail.items()}
    return canonical(said).decode() if said else ""


def csv_lines(rows: Iterable[Sequence[int | str]]) -> bytes:
    """Lines of the table's CSV: RFC 4180, each cell text that no spreadsheet takes for a formula."""
    return "".join(",".join(csv_cell(str(cell)) for cell in cells) + "\r\n" for cells in rows).encode()
