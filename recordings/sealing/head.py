"""How far the log is sealed: the one row that a sealer locks before it adds anything."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg

from recordings.sealing.errors import Stopped
from recordings.tlog.merkle import EMPTY_ROOT, Frontier, ProofError

_COLUMNS = "origin, tag_key, size, root, frontier, low_water, manifest_n, manifest_at"
_SAVE = """
UPDATE audit.log_head SET size = %s, root = %s, frontier = %s, low_water = %s, manifest_n = %s, manifest_at = %s,
                          origin = %s, sealed_at = clock_timestamp()
"""


@dataclass
class Head:
    """The log's end, as it grows in memory; `save` writes it back into the row."""

    origin: str
    tag_key: bytes
    frontier: Frontier
    low_water: int
    manifest_n: int
    manifest_at: datetime | None

    @property
    def size(self) -> int:
        return self.frontier.size

    @property
    def ends_with_manifest(self) -> bool:
        """Whether the newest leaf is a manifest: then a checkpoint of exactly this size is owed."""
        return self.manifest_n == self.size - 1

    @classmethod
    def read(cls, connection: psycopg.Connection[Any], *, lock: bool = False) -> Self | None:
        """The row, for this transaction alone when `lock` is set; None before the log is opened.

        Raises Stopped when its root is not the root of its own frontier.
        """
        query = f"SELECT {_COLUMNS} FROM audit.log_head{' FOR UPDATE' if lock else ''}"  # noqa: S608
        row = connection.execute(query).fetchone()
        if row is None:
            return None
        origin, tag_key, size, root, frontier, *rest = row
        return cls(origin, bytes(tag_key), _frontier(size, bytes(frontier), bytes(root)), *rest)

    def create(self, connection: psycopg.Connection[Any]) -> bool:
        """Make the row of an empty log; False when there is one (a second sealer waits here for the first)."""
        values = [self.origin, self.tag_key, EMPTY_ROOT, self.low_water]
        made = connection.execute(
            "INSERT INTO audit.log_head (origin, tag_key, size, root, frontier, low_water)"
            " VALUES (%s, %s, 0, %s, '', %s) ON CONFLICT DO NOTHING",
            values,
        )
        return made.rowcount == 1

    def save(self, connection: psycopg.Connection[Any]) -> None:
        """Write the row in the transaction that is open."""
        edge = self.frontier
        connection.execute(
            _SAVE,
            [
                *(edge.size, edge.root(), edge.to_bytes(), self.low_water, self.manifest_n, self.manifest_at),
                self.origin,
            ],
        )


def _frontier(size: int, nodes: bytes, root: bytes) -> Frontier:
    try:
        frontier = Frontier.from_bytes(size, nodes)
    except ProofError as wrong:
        raise Stopped("head_differs", f"The row of the log's end is damaged: {wrong}") from None
    if frontier.root() != root:
        raise Stopped("head_differs", f"The root in the row of the log's end is not that of {size} leaves.")
    return frontier
