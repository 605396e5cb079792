"""Choose the time-stamped checkpoints of a bundle: they bound the times of the leaves between them."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_KIND = "timestamp"
MOST = 100  # anchors in a bundle
_SIZES = """
SELECT DISTINCT a.size FROM audit.anchor a JOIN audit.checkpoint c USING (size)
WHERE a.kind = %s AND a.size > 0 AND a.size <= %s AND c.origin = %s ORDER BY a.size
"""
_RESPONSES = """
SELECT DISTINCT ON (a.size) a.size, c.note, a.evidence FROM audit.anchor a JOIN audit.checkpoint c USING (size)
WHERE a.kind = %s AND a.size = ANY(%s) ORDER BY a.size, a.id
"""


class TimestampedCheckpoint(NamedTuple):
    """A checkpoint, with exactly the bytes that were time-stamped, and the authority's response (RFC 3161, DER)."""

    size: int
    note: str
    response: bytes

    @property
    def files(self) -> dict[str, bytes]:
        """Note and response, by file name."""
        return {f"anchors/{self.size}.txt": self.note.encode(), f"anchors/{self.size}.tsr": self.response}


def timestamped_around(
    connection: Any, size: int, origin: str, leaves: Sequence[int]
) -> list[TimestampedCheckpoint]:
    """Return the time-stamped checkpoints before and after each leaf, and the newest, all up to `size`."""
    with connection.cursor() as cursor:
        cursor.execute(_SIZES, [_KIND, size, origin])
        wanted = _neighbours([row[0] for row in cursor.fetchall()], leaves)
        cursor.execute(_RESPONSES, [_KIND, wanted])
        return [
            TimestampedCheckpoint(stamped_size, note, bytes(response))
            for stamped_size, note, response in cursor.fetchall()
        ]


def _neighbours(sizes: Sequence[int], leaves: Iterable[int]) -> list[int]:
    """Return for each leaf the largest size that does not cover it and the smallest that does, and the newest size.

    If these are more than MOST, an even selection with the first and the last: the bounds are wider then.
    """
    edges = {bisect_right(sizes, leaf) for leaf in leaves} | {len(sizes)}
    around = sorted({sizes[at] for edge in edges for at in (edge - 1, edge) if 0 <= at < len(sizes)})
    if len(around) <= MOST:
        return around
    return [around[at * (len(around) - 1) // (MOST - 1)] for at in range(MOST)]
