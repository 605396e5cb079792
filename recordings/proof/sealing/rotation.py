"""Notice a checkpoint that is signed by a new key: the log says so about itself (`key.rotated`)."""

from typing import Any

import psycopg

from recordings.tlog.notes import Note

_BEFORE = "SELECT note FROM audit.checkpoint WHERE origin = %s AND size < %s ORDER BY size DESC LIMIT 1"


class Rotation:
    """Remembers which keys signed last; the database is asked only once, and again after a change."""

    def __init__(self) -> None:
        self._known: tuple[str, frozenset[bytes]] | None = None

    def new_key_details(
        self, connection: psycopg.Connection[Any], origin: str, size: int, note: str
    ) -> list[dict[str, int | str]]:
        """List what the log must say of each key that is new with this checkpoint; call `remember` when it has."""
        now = key_ids(note)
        if self._known is None or self._known[0] != origin:
            row = connection.execute(_BEFORE, [origin, size]).fetchone()
            self._known = origin, key_ids(row[0]) if row else now
        new, gone = sorted(now - self._known[1]), sorted(self._known[1] - now)
        details: list[dict[str, int | str]] = []
        for key in new:
            others = [other.hex() for other in sorted(now - {key}) or gone]
            details.append({"key": key.hex(), "beside": ", ".join(others), "size": size})
        return details

    def remember(self, origin: str, note: str) -> None:
        """Remember that these keys signed last."""
        self._known = origin, key_ids(note)


def key_ids(note: str) -> frozenset[bytes]:
    """List the ids of the keys that signed a checkpoint of the log's own."""
    return frozenset(signature.key_id for signature in Note.parse(note).signatures)
