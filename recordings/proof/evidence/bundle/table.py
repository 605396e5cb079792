"""Make the table of a bundle (docs/trail-format.md, 8) from nothing but the leaves and the revealed values.

The verifiers recompute report.csv byte for byte, so it does not depend on a language or a setting.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from recordings.audit.vault import ERASED
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.leaves import Shipped
from recordings.sheets.cells import csv_column

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


def row(leaf: Shipped, entry: Mapping[str, Any], body: Mapping[str, Any]) -> Row:
    """Return the cells of an event in the order of COLUMNS, not yet escaped for spreadsheets.

    `entry` and `body`: the parsed ones of the leaf; `body` is empty for a malformed event.
    """
    if not body:
        known = {"leaf": leaf.n, "recorded_at": entry["r"], "type": entry["y"], "outcome": entry["o"]}
        known |= {"event_id": entry["e"], "body_sha256": entry["bh"]}
        return tuple(known.get(name, "") for name in COLUMNS)
    actor, target = body.get("actor", {}), body.get("object", {})

    def personal(part: str, name: str) -> str:
        if name not in body.get(part, {}):
            return ""
        value = leaf.values.get(f"{part}.{name}")
        return value.value if value else ERASED

    return (
        leaf.n,
        entry["r"],
        body["occurred_at"],
        entry["y"],
        entry["o"],
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


def _detail(leaf: Shipped, detail: Mapping[str, Any]) -> str:
    """Return the detail as JSON with the revealed values. An erased one remains as its commitment."""
    values = {name: leaf.values.get(f"action_detail.{name}") for name in detail}
    shown = {name: value.value if (value := values[name]) else text for name, text in detail.items()}
    return canonical(shown).decode() if shown else ""


def csv_lines(rows: Sequence[Row]) -> bytes:
    """Return the rows as CSV (RFC 4180), with cells that no spreadsheet takes for a formula."""
    if not rows:
        return b""
    columns = [csv_column([str(cell) for cell in cells]) for cells in zip(*rows, strict=True)]
    return "".join([f"{','.join(cells)}\r\n" for cells in zip(*columns, strict=True)]).encode()
