"""Notice checkpoints signed with a new key, so that the log records the change (`key.rotated`)."""

from typing import Any

import psycopg

from recordings.tlog.notes import Note

_BEFORE = "SELECT note FROM audit.checkpoint WHERE origin = %s AND size < %s ORDER BY size DESC LIMIT 1"


class Rotation:
    """Remembers which keys signed last. It queries the database only once, and again after a change."""

    def __init__(self) -> None:
        self._known: tuple[str, frozenset[bytes]] | None = None

    def new_key_details(
        self, connection: psycopg.Connection[Any], origin: str, size: int, note: str
    ) -> list[dict[str, int | str]]:
        """Build the detail of a `key.rotated` event for each key that is new with this checkpoint.

        Call `remember` once those events are committed.
        """
        now = key_ids(note)
        if self._known is None or self._known[0] != origin:
            row = connection.execute(_BEFORE, [origin, size]).fetchone()
            self._known = origin, key_ids(row[0]) if row else now
        new, gone = sorted(now - self._known[1]), sorted(self._known[1] - now)
        details: list[dict[str, int | str]] = []
        for key in new:
            # The other keys that signed this checkpoint, or those that this key replaces.
            others = [other.hex() for other in sorted(now - {key}) or gone]
            details.append({"key": key.hex(), "beside": ", ".join(others), "size": size})
        return details

    def remember(self, origin: str, note: str) -> None:
        """Remember the keys that signed this note."""
        self._known = origin, key_ids(note)


def key_ids(note: str) -> frozenset[bytes]:
    """Return the ids of the keys that signed a checkpoint."""
    return frozenset(signature.key_id for signature in Note.parse(note).signatures)
