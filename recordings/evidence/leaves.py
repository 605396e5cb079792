"""The sealed log as the database has it: its tree at any size, and its leaves with what belongs to their events.

Everything here takes a connection with `cursor()` – Django's or psycopg's own – so that whoever reads within a
snapshot stays within it.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

from recordings.audit.vault import KEYS, Disclosed, Keyring
from recordings.evidence.errors import EventGone, LogBroken
from recordings.evidence.texts import canonical
from recordings.sealing.tree import Tree
from recordings.tlog.tiles import TileError, Tiles

_SHIPPED = """
SELECT l.n, l.entry, e.event_id, e.body
FROM audit.leaf l LEFT JOIN audit.event e ON e.id = l.event_no AND l.n = ANY(%s)
WHERE l.n = ANY(%s) ORDER BY l.n
"""
_SECRETS = "SELECT event_id, field, subject, sealed FROM audit.secret WHERE event_id = ANY(%s)"

Values = dict[str, Disclosed | None]


class Shipped(NamedTuple):
    """A leaf on its way to an outsider. `body` is empty for a leaf that is shipped for completeness only; a value
    that was erased is None."""

    n: int
    entry: bytes
    body: bytes
    values: Values

    def extra(self) -> bytes:
        """What goes into the proof beside the path: the texts that are hashed, and what opens the commitments."""
        said: dict[str, Any] = {"entry": self.entry.decode()}
        if self.body:
            said |= {"body": self.body.decode(), "reveal": {}}
        for field, found in self.values.items():
            if found is not None:
                said["reveal"][field] = {"salt": found.salt.hex(), "value": found.value}
        return canonical(said)


def tiles(connection: Any, size: int) -> Tiles:
    """The tree over the first `size` leaves. It raises LogBroken when a hash is missing that a proof needs."""

    def read(level: int, position: int, width: int) -> bytes:
        try:
            return Tree(connection.cursor()).tile(level, position, width)
        except TileError as missing:
            raise LogBroken from missing

    return Tiles(read, size)


def shipped(connection: Any, numbers: Sequence[int], with_body: Sequence[int]) -> list[Shipped]:
    """These leaves in order, some of them with their events. Raises LogBroken, or EventGone where an event is."""
    rows = _fetch(connection, _SHIPPED, list(with_body), list(numbers))
    if [row[0] for row in rows] != sorted(numbers):
        raise LogBroken
    wanted = set(with_body)
    for n, _, event_id, _ in rows:
        if n in wanted and event_id is None:
            raise EventGone(n)
    values = _values(connection, [row[2] for row in rows if row[2]])
    return [Shipped(n, bytes(entry), bytes(body or b""), values[event]) for n, entry, event, body in rows]


def _values(connection: Any, events: list[UUID]) -> dict[UUID | None, Values]:
    """The personal values of these events, opened with keys that are read now: a destroyed one must not live on."""
    secrets = _fetch(connection, _SECRETS, events)
    keys = Keyring(
        [(name, bytes(key)) for name, key in _fetch(connection, KEYS, list({row[2] for row in secrets}))]
    )
    found: dict[UUID | None, Values] = defaultdict(dict)
    for event, field, subject, sealed in secrets:
        found[event][field] = keys.disclose(event.bytes, field, subject, bytes(sealed))
    return found


def _fetch(connection: Any, statement: LiteralString, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
