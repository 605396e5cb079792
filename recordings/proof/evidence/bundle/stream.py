"""events.jsonl and the table, written in one pass over the leaves at constant memory; what the pass finds makes the
statement (docs/trail-format.md, 7, 8 and 10)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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
# What the log writes about itself, and always with its event.
OWN = frozenset(
    kind.value
    for kind in (
        Kind.LOG_OPENED,
        Kind.HEADS_MANIFEST,
        Kind.SEALER_INCIDENT,
        Kind.KEY_ROTATED,
        Kind.BACKUP_RESTORED,
    )
)
_COMMITTED = (
    ("actor", "name"),
    ("source", "ip"),
    ("source", "user_agent"),
    ("purpose", "note"),
    ("object", "label"),
)
_LARGEST = 2 * 1024**3  # of events.jsonl, and of report.csv: what a verifier reads
_TOO_LARGE = (
    "The events of this report take more than 2 GiB, more than a verifier reads. Take a shorter period."
)

# Done and expected leaves; both 0 while a checkpoint is waited for.
Progress = Callable[[int, int], None]


class _Leaf(NamedTuple):
    """A shipped leaf, its entry and event parsed."""

    leaf: Shipped
    entry: Mapping[str, Any]
    body: Mapping[str, Any]
    is_row: bool


@dataclass
class Pass:
    """What one pass over the leaves has found."""

    claims: Claims
    kinds: Counter[str] = field(default_factory=Counter)
    first: list[pdf.Line] = field(default_factory=list)
    label: str = ""
    discovered: bool = False
    shown: int = 0
    unopened: int = 0
    late: int = 0
    malformed: int = 0
    kept: dict[int, _Leaf] = field(default_factory=dict)  # leaf 0, opening, request, manifest

    def facts(self) -> Facts:
        """The facts of the statement. Raises LogBroken when the log's own leaves do not say what they must."""
        claims, first = self.claims, self.kept[0]
        opening, request = self.kept[claims.opening], self.kept[claims.request]
        manifest = self.kept[claims.manifest].body.get("action_detail", {})
        if "closed_until" not in manifest or "parents_from" not in manifest:
            raise LogBroken
        name = request.leaf.values.get("actor.name")
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
            origin=claims.standing.checkpoint.origin,
            size=claims.size,
            open_since=first.entry["r"],
            begun_at=opening.entry["r"],
            goes_on_from=first.body.get("action_detail", {}).get("previous_origin", ""),
            opening=claims.opening,
            reason=opening.body.get("action_detail", {}).get("reason", ""),
            seen_by=claims.standing.seen_by,
            shown=self.shown,
            unopened=self.unopened,
            late=self.late,
            malformed=self.malformed,
        )

    def look_at(self, one: _Leaf) -> None:
        """Remember what the statement will say of this leaf."""
        claims, values = self.claims, one.leaf.values
        n, kind = one.leaf.n, one.entry["y"]
        if n in (0, claims.opening, claims.request, claims.manifest):
            self.kept[n] = one
        if one.is_row:
            self.kinds[kind] += 1
            self.late += "late" in one.entry
            self.malformed += kind == MALFORMED
        if n not in claims.beside:
            self.discovered |= kind == Kind.RECORDING_DISCOVERED.value
            self.label = self._label(one) or self.label
        if one.body:
            self.shown += sum(found is not None for found in values.values())
            self.unopened += sum(
                name in one.body.get(part, {}) and values.get(f"{part}.{name}") is None
                for part, name in _COMMITTED
            )

    def _label(self, one: _Leaf) -> str:
        """The name of what the bundle is about, if this leaf has it: not that of an object's recordings."""
        part, field = (
            ("actor", "actor.name") if self.claims.scope.kind == ACTOR else ("object", "object.label")
        )
        is_it = one.body.get(part, {}).get("ref") == self.claims.scope.ref
        found = one.leaf.values.get(field)
        return found.value if found and is_it else ""


def write_events(
    connection: Any,
    claims: Claims,
    tree: Tiles,
    events: Member,
    csv: Member,
    book: Workbook,
    progress: Progress,
) -> Pass:
    """Every shipped leaf with its event where it has one, the hashes between them, and a row of the table for each
    leaf of the scope within its time."""
    found, before, done = Pass(claims), -1, 0
    csv.write(table.BYTE_ORDER_MARK + table.csv_lines([table.COLUMNS]))
    for leaves in _batches(connection, claims):
        lines = []
        for one in leaves:
            lines.append(one.leaf.line(tree.between(before + 1, one.leaf.n)))
            before = one.leaf.n
            found.look_at(one)
        events.write(b"".join(lines))
        told = [one for one in leaves if one.is_row]
        rows = [table.row(one.leaf, one.entry, one.body) for one in told]
        csv.write(table.csv_lines(rows))
        book.write(rows)
        room = pdf.ROWS - len(found.first)
        found.first.extend(pdf.line(row, one.leaf) for row, one in zip(rows[:room], told[:room], strict=True))
        if max(events.size, csv.size) > _LARGEST:
            raise TooMuch(_TOO_LARGE)
        done += len(lines)
        progress(done, len(claims.shipped))
    return found


def _batches(connection: Any, claims: Claims) -> Iterator[list[_Leaf]]:
    for at in range(0, len(claims.shipped), BATCH):
        read = entries(connection, claims.shipped[at : at + BATCH])
        parsed = {n: from_json(entry) for n, entry in read}
        rows = {
            n for n, said in parsed.items() if n not in claims.beside and claims.scope.holds(str(said["r"]))
        }
        wanted = [n for n, said in parsed.items() if _with_body(claims, n, said["y"], n in rows)]
        yield [
            _Leaf(leaf, parsed[leaf.n], from_json(leaf.body) if leaf.body else {}, leaf.n in rows)
            for leaf in with_events(connection, read, wanted)
        ]


def _with_body(claims: Claims, n: int, kind: str, is_row: bool) -> bool:
    """Whether a leaf is shipped with its event: what is told in the table or needed to judge the rest, and no more."""
    if kind == MALFORMED:
        return False
    makes_known = kind == Kind.RECORDING_DISCOVERED.value and n not in claims.beside
    return is_row or kind in OWN or makes_known or n == claims.request
