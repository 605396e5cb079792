"""A checkpoint signed by a key that the one before did not carry: the log says so about itself (`key.rotated`)."""

from typing import Any

import psycopg

from recordings.tlog.notes import Note

_BEFORE = "SELECT note FROM audit.checkpoint WHERE origin = %s AND size < %s ORDER BY size DESC LIMIT 1"


class Rotation:
    """Remembers which keys signed last; the database is asked only once, and again after a change."""

    def __init__(self) -> None:
        self._known: tuple[str, frozenset[bytes]] | None = None

    def news(
        self, connection: psycopg.Connection[Any], origin: str, size: int, note: str
    ) -> list[dict[str, int | str]]:
        """What the log must say for each key that is new with this checkpoint; `remember` when it has."""
        now = key_ids(note)
        if self._known is None or self._known[0] != origin:
            row = connection.execute(_BEFORE, [origin, size]).fetchone()
            self._known = origin, key_ids(row[0]) if row else now
        fresh, gone = sorted(now - self._known[1]), sorted(self._known[1] - now)
        details: list[dict[str, int | str]] = []
        for key in fresh:
            others = [other.hex() for other in sorted(now - {key}) or gone]
            details.append({"key": key.hex(), "beside": ", ".join(others), "size": size})
        return details

    def remember(self, origin: str, note: str) -> None:
        """These keys signed last."""
        self._known = origin, key_ids(note)


def key_ids(note: str) -> frozenset[bytes]:
    """The ids of the keys below a checkpoint of the log's own."""
    return frozenset(signature.key_id for signature in Note.parse(note).signatures)
