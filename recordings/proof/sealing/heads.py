"""The heads of all tags at one size of the log, and what they prove: a tag's newest leaf, or that it has none.

A head is the number of leaves with a tag and the last of them. The manifest in the log has three RFC 9162 roots over
the heads sorted by tag: of objects, of their parents, and of actors.
"""

from bisect import bisect_left
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol, Self

from recordings.proof.sealing.tags import TagKind
from recordings.tlog import merkle

_COUNTED = """
SELECT {0}, count(*), max(n) FROM audit.leaf WHERE {0} IS NOT NULL AND n < %s GROUP BY {0} ORDER BY {0}
"""


class Cursor(Protocol):
    """A cursor of psycopg or of Django."""

    def execute(self, query: Any, params: Any = ..., /) -> Any: ...
    def fetchall(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class TagHead:
    """How many leaves a tag has, and the last of them."""

    tag: bytes
    count: int
    last: int

    def data(self) -> bytes:
        """Return the bytes that are hashed: canonical JSON."""
        return f'{{"count":{self.count},"last":{self.last},"tag":"{self.tag.hex()}"}}'.encode()


@dataclass(frozen=True, slots=True)
class ProvenHead:
    """A head, its index in the order of tags, and its inclusion path."""

    index: int
    head: TagHead
    path: list[bytes]


@dataclass(frozen=True)
class Heads:
    """All heads of one kind over the first `upto` leaves, sorted by tag."""

    heads: list[TagHead]

    @classmethod
    def counted(cls, cursor: Cursor, kind: TagKind, upto: int) -> Self:
        """Count the heads from the leaves."""
        cursor.execute(_COUNTED.format(kind), [upto])
        return cls([TagHead(bytes(tag), count, last) for tag, count, last in cursor.fetchall()])

    def root(self) -> bytes:
        """Compute the RFC 9162 root over the heads."""
        return merkle.root(self._hashes())

    def find(self, tag: bytes) -> ProvenHead | None:
        """Return the head of a tag with its proof; None when no leaf has the tag."""
        index = self._index(tag)
        return self._proven(index) if self._is_at(index, tag) else None

    def neighbours(self, tag: bytes) -> tuple[ProvenHead | None, ProvenHead | None]:
        """Return the heads before and after the place of a tag that has no leaf. Raises ValueError when it has one."""
        index = self._index(tag)
        if self._is_at(index, tag):
            raise ValueError("This tag has leaves.")
        return (
            self._proven(index - 1) if index else None,
            self._proven(index) if index < len(self.heads) else None,
        )

    def _index(self, tag: bytes) -> int:
        return bisect_left(self.heads, tag, key=lambda head: head.tag)

    def _is_at(self, index: int, tag: bytes) -> bool:
        return index < len(self.heads) and self.heads[index].tag == tag

    def _proven(self, index: int) -> ProvenHead:
        return ProvenHead(index, self.heads[index], merkle.inclusion_path(self._hashes(), index))

    def _hashes(self) -> list[bytes]:
        return [sha256(b"\0" + head.data()).digest() for head in self.heads]
