"""The sealed log as the database has it: its tree at any size, and its leaves with what belongs to their events.

Everything here takes a connection with `cursor()` – Django's or psycopg's own – so that whoever reads within a
snapshot stays within it.
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
    """A leaf on its way to an outsider. `body` is empty for a leaf that is shipped for completeness only; a value
    that was erased is None."""

    n: int
    entry: bytes
    body: bytes
    values: Values

    @property
    def reveal(self) -> dict[str, dict[str, str]]:
        """What opens the commitments of the event that can still be opened."""
        found = self.values.items()
        return {field: {"salt": one.salt.hex(), "value": one.value} for field, one in found if one}

    def extra(self) -> bytes:
        """What goes into a proof of this leaf alone, beside the path: the texts that are hashed, and the values."""
        texts = {"body": self.body.decode(), "entry": self.entry.decode()}
        return canonical({**texts, "reveal": self.reveal})

    def line(self, gap: Sequence[bytes]) -> bytes:
        """The leaf's line of events.jsonl: entry and event as they were hashed, `gap` the hashes before the leaf."""
        parts = [b'"body":' + self.body] if self.body else []
        parts.append(b'"entry":' + self.entry)
        if gap:
            parts.append(b'"gap":' + canonical([encode64(one) for one in gap]))
        if self.body:
            parts.append(b'"reveal":' + canonical(self.reveal))
        return b"{" + b",".join(parts) + b"}\n"


def tiles(connection: Any, size: int) -> Tiles:
    """The tree over the first `size` leaves. It raises LogBroken when a hash is missing that a proof needs."""

    def read(level: int, position: int, width: int) -> bytes:
        try:
            return Tree(connection.cursor()).tile(level, position, width)
        except TileError as missing:
            raise LogBroken from missing

    return Tiles(read, size)


def entries(connection: Any, numbers: Sequence[int]) -> list[tuple[int, bytes]]:
    """These leaves' entries, in order. Raises LogBroken when one is missing."""
    rows = [(n, bytes(entry)) for n, entry in fetch_all(connection, _ENTRIES, [list(numbers)])]
    if [n for n, _ in rows] != sorted(numbers):
        raise LogBroken
    return rows


def shipped(connection: Any, numbers: Sequence[int], with_body: Sequence[int]) -> list[Shipped]:
    """These leaves in order, some of them with their events. Raises LogBroken, or EventGone where an event is."""
    return with_events(connection, entries(connection, numbers), with_body)


def with_events(connection: Any, leaves: Sequence[tuple[int, bytes]], wanted: Sequence[int]) -> list[Shipped]:
    """Leaves (n and entry), those that are wanted with their events. Raises EventGone where an event is."""
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
