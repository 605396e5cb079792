"""Write events.jsonl and the table while reading the leaves once, and count what the statement needs.

Formats: docs/trail-format.md, 7, 8 and 10. Memory does not grow with the number of leaves.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.utils import translation
from django.utils.translation import gettext_lazy as _
from pydantic_core import from_json

from recordings.audit.kinds import Kind
from recordings.proof.evidence.bundle import pdf, table
from recordings.proof.evidence.bundle.claims import Claims
from recordings.proof.evidence.bundle.scope import ACTOR
from recordings.proof.evidence.bundle.statement import Facts
from recordings.proof.evidence.bundle.zip_writer import Member
from recordings.proof.evidence.errors import LogBroken, TooMuch
from recordings.proof.evidence.leaves import Shipped, entries, with_events
from recordings.proof.sealing.entries import MALFORMED
from recordings.sheets.xlsx import Workbook
from recordings.tlog.tiles import Tiles

BATCH = 500
# Events of the log about itself; a bundle contains them whole.
_OWN_KINDS = frozenset(
    kind.value
    for kind in (
        Kind.LOG_OPENED,
        Kind.HEADS_MANIFEST,
        Kind.SEALER_INCIDENT,
        Kind.KEY_ROTATED,
        Kind.BACKUP_RESTORED,
    )
)
_PERSONAL = (
    ("actor", "name"),
    ("source", "ip"),
    ("source", "user_agent"),
    ("purpose", "note"),
    ("object", "label"),
)
_LARGEST = 2 * 1024**3  # bytes of events.jsonl and of report.csv: the limit of the verifiers
_TOO_LARGE = _("The events of this report exceed 2 GiB, the limit of the verifiers. Choose a shorter period.")

# Called with the written and the expected number of leaves; both are 0 while waiting for a checkpoint.
Progress = Callable[[int, int], None]


class _Leaf(NamedTuple):
    """A leaf of the bundle with its parsed entry and event. `is_row`: whether it is a row of the table."""

    shipped: Shipped
    entry: Mapping[str, Any]
    body: Mapping[str, Any]
    is_row: bool

    @property
    def n(self) -> int:
        return self.shipped.n


@dataclass
class Summary:
    """What the statement needs to know about the leaves, counted while they are written."""

    claims: Claims
    kinds: Counter[str] = field(default_factory=Counter)
    pdf_rows: list[pdf.Row] = field(default_factory=list)
    label: str = ""
    discovered: bool = False
    shown: int = 0
    unopened: int = 0
    late: int = 0
    malformed: int = 0
    kept: dict[int, _Leaf] = field(default_factory=dict)  # leaf 0, opening, request, manifest

    def add(self, leaf: _Leaf) -> None:
        """Count a leaf."""
        claims, kind, values = self.claims, leaf.entry["y"], leaf.shipped.values
        if leaf.n in (0, claims.opening, claims.request, claims.manifest):
            self.kept[leaf.n] = leaf
        if leaf.is_row:
            self.kinds[kind] += 1
            self.late += "late" in leaf.entry
            self.malformed += kind == MALFORMED
        if leaf.n not in claims.outside_scope:
            self.discovered |= kind == Kind.RECORDING_DISCOVERED.value
            self.label = self._label(leaf) or self.label
        if leaf.body:
            self.shown += sum(value is not None for value in values.values())
            self.unopened += sum(
                name in leaf.body.get(part, {}) and values.get(f"{part}.{name}") is None
                for part, name in _PERSONAL
            )

    def _label(self, leaf: _Leaf) -> str:
        """Return the name of the scope's reference, if this leaf has it."""
        scope = self.claims.scope
        part, name = ("actor", "actor.name") if scope.kind == ACTOR else ("object", "object.label")
        value = leaf.shipped.values.get(name)
        return value.value if value and leaf.body.get(part, {}).get("ref") == scope.ref else ""

    def facts(self) -> Facts:
        """Return the facts of the statement. Raises LogBroken when the manifest is incomplete."""
        claims, first = self.claims, self.kept[0]
        opening, request = self.kept[claims.opening], self.kept[claims.request]
        manifest = self.kept[claims.manifest].body.get("action_detail", {})
        if "closed_until" not in manifest or "parents_from" not in manifest:
            raise LogBroken
        name = request.shipped.values.get("actor.name")
        return Facts(
            scope=claims.scope,
            label=self.label,
            closed_until=manifest["closed_until"],
            kinds=self.kinds,
            discovered=self.discovered,
            parents_from=manifest["parents_from"],
            requester=request.body["actor"]["ref"],
            requester_name=name.value if name else "",
            requested_at=request.entry["r"],
            report=str(claims.order.report),
            origin=claims.checkpoint.origin,
            size=claims.size,
            open_since=first.entry["r"],
            begun_at=opening.entry["r"],
            goes_on_from=first.body.get("action_detail", {}).get("previous_origin", ""),
            opening=claims.opening,
            reason=opening.body.get("action_detail", {}).get("reason", ""),
            seen_by=claims.checkpoint.seen_by,
            shown=self.shown,
            unopened=self.unopened,
            late=self.late,
            malformed=self.malformed,
        )


def write_events(
    connection: Any,
    claims: Claims,
    tree: Tiles,
    events: Member,
    csv: Member,
    book: Workbook,
    progress: Progress,
) -> Summary:
    """Write every leaf of the bundle, and a row of the table for each leaf within scope and period.

    Raises LogBroken, EventGone or TooMuch.
    """
    summary, before = Summary(claims), -1
    csv.write(table.BYTE_ORDER_MARK + table.csv_lines([table.COLUMNS]))
    for start in range(0, len(claims.shipped), BATCH):
        leaves = _read(connection, claims, claims.shipped[start : start + BATCH])

        # Each line has the hashes of the subtrees before it; together all lines give the root.
        lines = []
        for leaf in leaves:
            lines.append(leaf.shipped.line(tree.between(before + 1, leaf.n)))
            before = leaf.n
            summary.add(leaf)
        events.write(b"".join(lines))

        listed = [leaf for leaf in leaves if leaf.is_row]
        rows = [table.row(leaf.shipped, leaf.entry, leaf.body) for leaf in listed]
        csv.write(table.csv_lines(rows))
        book.write(rows)
        room = pdf.ROWS - len(summary.pdf_rows)
        with translation.override(claims.order.language):
            summary.pdf_rows += [
                pdf.pdf_row(row, leaf.shipped) for row, leaf in zip(rows[:room], listed[:room], strict=True)
            ]

        if max(events.size, csv.size) > _LARGEST:
            raise TooMuch(_TOO_LARGE)
        progress(start + len(leaves), len(claims.shipped))
    return summary


def _read(connection: Any, claims: Claims, numbers: Sequence[int]) -> list[_Leaf]:
    """Read these leaves, with the events that the table or the verification needs and no others."""
    leaves = entries(connection, numbers)
    parsed = {n: from_json(entry) for n, entry in leaves}
    rows, with_event = set[int](), list[int]()
    for n, entry in parsed.items():
        kind, in_scope = entry["y"], n not in claims.outside_scope
        if in_scope and claims.scope.holds(str(entry["r"])):
            rows.add(n)
        makes_known = in_scope and kind == Kind.RECORDING_DISCOVERED.value
        needed = n in rows or kind in _OWN_KINDS or makes_known or n == claims.request
        if needed and kind != MALFORMED:
            with_event.append(n)
    return [
        _Leaf(leaf, parsed[leaf.n], from_json(leaf.body) if leaf.body else {}, leaf.n in rows)
        for leaf in with_events(connection, leaves, with_event)
    ]
