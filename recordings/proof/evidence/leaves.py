"""Read the log from the database: its tree at any size, and its leaves with their events.

Each function takes a connection, Django's or psycopg's, so that a caller can read everything in one snapshot.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from recordings.audit.opened import Values, values_of
from recordings.db import fetch_all
from recordings.proof.evidence.canonical_json import canonical
from recordings.proof.evidence.errors import EventGone, LogBroken
from recordings.proof.sealing.tree import Tree
from recordings.tlog.texts import encode64
from recordings.tlog.tiles import TileError, Tiles

_ENTRIES = "SELECT n, entry FROM audit.leaf WHERE n = ANY(%s) ORDER BY n"
_BODIES = """
SELECT l.n, e.event_id, e.body FROM audit.leaf l JOIN audit.event e ON e.id = l.event_no WHERE l.n = ANY(%s)
"""


class Shipped(NamedTuple):
    """A leaf as a bundle contains it. `body` is empty when the bundle contains the leaf without its event; an erased
    value is None."""

    n: int
    entry: bytes
    body: bytes
    values: Values

    @property
    def reveal(self) -> dict[str, dict[str, str]]:
        """Return salt and value of each commitment that can still be opened, by field."""
        values = self.values.items()
        return {field: {"salt": value.salt.hex(), "value": value.value} for field, value in values if value}

    def extra(self) -> bytes:
        """Return the `extra` line of this leaf's tlog-proof: entry, event and revealed values (trail-format.md, 9)."""
        texts = {"body": self.body.decode(), "entry": self.entry.decode()}
        return canonical({**texts, "reveal": self.reveal})

    def line(self, gap: Sequence[bytes]) -> bytes:
        """Return the leaf's line of events.jsonl. `gap`: the hashes of the subtrees between it and the line before."""
        parts = [b'"body":' + self.body] if self.body else []
        parts.append(b'"entry":' + self.entry)
        if gap:
            parts.append(b'"gap":' + canonical([encode64(node) for node in gap]))
        if self.body:
            parts.append(b'"reveal":' + canonical(self.reveal))
        return b"{" + b",".join(parts) + b"}\n"


def tiles(connection: Any, size: int) -> Tiles:
    """Return the tree over the first `size` leaves. Reading from it raises LogBroken when a hash is missing."""

    def read(level: int, position: int, width: int) -> bytes:
        try:
            return Tree(connection.cursor()).tile(level, position, width)
        except TileError as missing:
            raise LogBroken from missing

    return Tiles(read, size)


def entries(connection: Any, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
    """Return number and entry of these leaves, ascending. Raises LogBroken when one is missing."""
    rows = [(n, bytes(entry)) for n, entry in fetch_all(connection, _ENTRIES, [list(numbers)])]
    if [n for n, _ in rows] != sorted(numbers):
        raise LogBroken
    return rows


def shipped(connection: Any, numbers: Sequence[int], with_body: Sequence[int]) -> list[Shipped]:
    """Return these leaves, ascending; those of `with_body` with their events. Raises LogBroken, EventGone."""
    return with_events(connection, entries(connection, numbers), with_body)


def with_events(connection: Any, leaves: Sequence[tuple[int, bytes]], wanted: Sequence[int]) -> list[Shipped]:
    """Add the events of the leaves in `wanted` to leaves given as number and entry. Raises EventGone."""
    bodies = {
        n: (event_id, bytes(body)) for n, event_id, body in fetch_all(connection, _BODIES, [list(wanted)])
    }
    for n in wanted:
        if n not in bodies:
            raise EventGone(n)
    values = values_of(connection, [event_id for event_id, _ in bodies.values()])
    return [
        Shipped(n, entry, body, values.get(event_id, {}))
        for n, entry in leaves
        for event_id, body in [bodies.get(n, (None, b""))]
    ]
