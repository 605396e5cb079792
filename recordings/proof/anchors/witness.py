"""Have a witness cosign checkpoints: it is sent each with the proof that it grew from what the witness signed before.

C2SP tlog-witness and tlog-cosignature. A bundle needs the cosignature on the very checkpoint that ends in its heads
manifest, and a witness signs no smaller size than its last one: so those checkpoints go first, and at once.
"""

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from recordings.proof.anchors import incidents, ledger
from recordings.proof.anchors.destination import Destination, Published, Trouble
from recordings.proof.anchors.ledger import Connection, StoredCheckpoint
from recordings.proof.anchors.pace import COUNTED
from recordings.proof.sealing.tree import Tree
from recordings.tlog.checkpoint import parse_note
from recordings.tlog.client import Client, Conflict, Refused, Unreachable
from recordings.tlog.notes import NoteError, Signed, VerifierKey
from recordings.tlog.policy import Party
from recordings.tlog.tiles import TileError

_SECONDS = 5.0
# A refusal that says: this checkpoint is not what the log's history allows (422), not signed as it must be (403).
_ALARMING = (403, 422)


class WitnessDestination(Destination):
    """A witness: it is sent the checkpoints that it lacks, and each cosignature is checked and kept.

    `hurried`: as soon as there is something. `every` above COUNTED: at most once in that time, whoever waits.
    `followed`: the witnesses whose checkpoints it is sent rather than newer ones; None for all.
    """

    def __init__(
        self,
        name: str,
        party: Party,
        *,
        hurried: bool,
        every: timedelta = COUNTED,
        followed: Collection[str] | None = None,
    ) -> None:
        self.name, self.every = f"witness {name}", every
        self._unhurried = every > COUNTED
        if self._unhurried:
            self.longest_pause = every.total_seconds()
        self._followed = None if followed is None else sorted(followed)
        self.poll = 1.0 if self._unhurried else 0.05 if hurried else 0.25
        self._key: VerifierKey = party.key
        self._client = Client(party.url, timeout_seconds=_SECONDS)
        self._witness, self._hurried = name, hurried
        self._size: int | None = None  # what it signed last, as far as is known
        self._signed_here = 0  # the largest size of this origin that it cosigned for this process
        self._origin = ""
        self._asked_at = -every.total_seconds()

    def due(self, connection: Connection) -> bool:
        """Tell whether there is something new, and somebody waits for it or the interval is over.

        For a witness that the quorum does not count: by the time since its last success as the database has it, so that
        no restart shortens it.
        """
        if self._unhurried:
            return super().due(connection)
        size = ledger.newest_size(connection)
        if size is None or size == self._size:
            return False
        waited = time.monotonic() - self._asked_at >= self.every.total_seconds()
        return waited or self._hurried or ledger.newest_manifest(connection) >= (self._size or 0)

    def publish(self, connection: Connection) -> Published:
        """Send it everything it lacks, in order. Trouble when it does not cosign; an incident when it never should."""
        self._asked_at = time.monotonic()
        origin = ledger.newest(connection).origin
        if self._size is None or self._origin != origin:
            self._signed_here = self._signed_here if self._origin == origin else 0
            self._origin, self._size = origin, ledger.largest_cosigned(connection, self._witness, origin)
        for checkpoint in ledger.checkpoints_for(
            connection, self._witness, origin, self._size, self._followed
        ):
            self._send(connection, checkpoint)
        return Published(self._size)

    def close(self) -> None:
        self._client.close()

    def _send(self, connection: Connection, checkpoint: StoredCheckpoint) -> None:
        """Have it cosign a checkpoint, and keep the cosignature."""
        try:
            try:
                lines = self._add_checkpoint(connection, checkpoint, self._size or 0)
            except Conflict as conflict:
                if self._is_ahead(connection, conflict.size, checkpoint):
                    return
                self._report_if_back(connection, conflict.size, checkpoint.origin)
                lines = self._add_checkpoint(connection, checkpoint, conflict.size)
        except Conflict:
            raise Trouble("It names another size each time it is asked.") from None
        except Refused as refused:
            reason = " ".join(refused.text.split())[:300]
            sentence = f"It refused the checkpoint of size {checkpoint.size} ({refused.status}): {reason}"
            if refused.status in _ALARMING:
                incidents.report_incident(connection, "witness_refused", self.name, sentence)
            raise Trouble(sentence) from None
        except Unreachable as error:
            raise Trouble(f"It could not be reached: {error}") from None
        cosignature = self._verify(connection, checkpoint, lines)
        ledger.record_cosignature(connection, checkpoint.size, self._witness, cosignature)
        self._size = self._signed_here = checkpoint.size

    def _add_checkpoint(self, connection: Connection, checkpoint: StoredCheckpoint, old: int) -> list[str]:
        try:
            path = Tree(connection.cursor()).at(checkpoint.size).consistency_path(old)
        except TileError as error:
            raise Trouble(f"The proof for it cannot be made: {error}") from None
        return self._client.add_checkpoint(old, path, checkpoint.note)

    def _is_ahead(self, connection: Connection, size: int, checkpoint: StoredCheckpoint) -> bool:
        """Tell whether another sealer has asked it since; a size that this log never had is an incident."""
        if size <= checkpoint.size:
            return False
        if size > (newest := ledger.newest_size(connection) or 0):
            sentence = f"It has cosigned {size} leaves and this log has {newest}: leaves are missing here."
            incidents.report_incident(connection, "witness_refused", self.name, sentence)
            raise Trouble(sentence)
        self._size = size
        return True

    def _report_if_back(self, connection: Connection, size: int, origin: str) -> None:
        """Report a witness that forgot what it has cosigned: it was put back, and could cosign another history."""
        known = max(
            self._signed_here, ledger.largest_proven(connection, self._witness, origin, self._key, size)
        )
        if size < known:
            sentence = (
                f"It remembers {size} leaves of {origin} and has cosigned {known}: its state was put back."
            )
            incidents.report_incident(connection, "witness_went_back", self.name, sentence)

    def _verify(self, connection: Connection, checkpoint: StoredCheckpoint, lines: list[str]) -> Signed:
        """Verify the one line of its key over this checkpoint; its time must not be in the future."""
        note = checkpoint.note + "".join(f"{line}\n" for line in lines)
        try:
            signed = parse_note(note, [self._key])[1][0]
        except NoteError as error:
            sentence = f"Its cosignature on the checkpoint of size {checkpoint.size} is wrong: {error}"
            incidents.report_incident(connection, "witness_bad_cosignature", self.name, sentence)
            raise Trouble(sentence) from None
        if signed.time is None or signed.time > datetime.now(UTC).timestamp() + 3600:
            raise Trouble("It dates its cosignature into the future.")
        return signed
