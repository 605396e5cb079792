"""Have a witness cosign checkpoints, each sent with the proof that it grew from what the witness signed before.

C2SP tlog-witness and tlog-cosignature. A bundle needs the cosignature on the checkpoint that ends with its heads
manifest, and a witness never signs a smaller size than its last. So those checkpoints are sent first, at once.
"""

import time
from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from recordings.proof.anchors import incidents, ledger
from recordings.proof.anchors.destination import Destination, DestinationError, Published
from recordings.proof.anchors.ledger import Connection, StoredCheckpoint
from recordings.proof.anchors.pace import COUNTED
from recordings.proof.sealing.tree import Tree
from recordings.tlog.checkpoint import parse_note
from recordings.tlog.client import Client, Conflict, Refused, Unreachable
from recordings.tlog.notes import NoteError, Signed, VerifierKey
from recordings.tlog.policy import Party
from recordings.tlog.tiles import TileError

_SECONDS = 5.0
# Refusals that are incidents: the checkpoint is not signed by the log (403), or contradicts its history (422).
_INCIDENT_STATUSES = (403, 422)


class WitnessDestination(Destination):
    """A witness. It is sent the checkpoints that it lacks; each cosignature is verified and stored.

    `immediate`: send a checkpoint as soon as there is one, because viewings wait for it. With `every` above COUNTED, it
    is sent checkpoints at most once in that time, even if something waits. `following`: the witnesses whose checkpoints
    it is sent rather than newer ones; None for all.
    """

    def __init__(
        self,
        name: str,
        party: Party,
        *,
        immediate: bool,
        every: timedelta = COUNTED,
        following: Collection[str] | None = None,
    ) -> None:
        self.name, self.every = f"witness {name}", every
        self._infrequent = every > COUNTED
        if self._infrequent:
            self.longest_pause = every.total_seconds()
        self._following = None if following is None else sorted(following)
        self.poll = 1.0 if self._infrequent else 0.05 if immediate else 0.25
        self._key: VerifierKey = party.key
        self._client = Client(party.url, timeout_seconds=_SECONDS)
        self._witness, self._immediate = name, immediate
        self._size: int | None = None  # the last size that it signed, as far as is known
        self._signed_here = 0  # the largest size of this origin that it cosigned for this process
        self._origin = ""
        self._asked_at = -every.total_seconds()  # monotonic

    def due(self, connection: Connection) -> bool:
        """Tell whether there is a new checkpoint, and something waits for it or the interval has passed.

        For a witness that the quorum does not count, the interval counts from the last success in the database, so that
        a restart does not shorten it.
        """
        if self._infrequent:
            return super().due(connection)
        size = ledger.newest_size(connection)
        if size is None or size == self._size:
            return False
        waited = time.monotonic() - self._asked_at >= self.every.total_seconds()
        return waited or self._immediate or ledger.newest_manifest(connection) >= (self._size or 0)

    def publish(self, connection: Connection) -> Published:
        """Send everything that the witness lacks, in order. Raises DestinationError when it does not cosign.

        A refusal that contradicts the log's history is reported as an incident as well.
        """
        self._asked_at = time.monotonic()
        origin = ledger.newest(connection).origin
        if self._size is None or self._origin != origin:
            self._signed_here = self._signed_here if self._origin == origin else 0
            self._origin, self._size = origin, ledger.largest_cosigned(connection, self._witness, origin)
        for checkpoint in ledger.checkpoints_for(
            connection, self._witness, origin, self._size, self._following
        ):
            self._send(connection, checkpoint)
        return Published(self._size)

    def close(self) -> None:
        self._client.close()

    def _send(self, connection: Connection, checkpoint: StoredCheckpoint) -> None:
        """Have the witness cosign a checkpoint, and store the cosignature."""
        try:
            try:
                lines = self._add_checkpoint(connection, checkpoint, self._size or 0)
            except Conflict as conflict:
                if self._is_ahead(connection, conflict.size, checkpoint):
                    return
                self._report_older_state(connection, conflict.size, checkpoint.origin)
                lines = self._add_checkpoint(connection, checkpoint, conflict.size)
        except Conflict:
            raise DestinationError("The witness names a different size in each response.") from None
        except Refused as refused:
            reason = " ".join(refused.text.split())[:300]
            sentence = (
                f"The witness refused the checkpoint of size {checkpoint.size} ({refused.status}): {reason}"
            )
            if refused.status in _INCIDENT_STATUSES:
                incidents.report_incident(connection, "witness_refused", self.name, sentence)
            raise DestinationError(sentence) from None
        except Unreachable as error:
            raise DestinationError(f"The witness could not be reached: {error}") from None
        cosignature = self._verify(connection, checkpoint, lines)
        ledger.record_cosignature(connection, checkpoint.size, self._witness, cosignature)
        self._size = self._signed_here = checkpoint.size

    def _add_checkpoint(self, connection: Connection, checkpoint: StoredCheckpoint, old: int) -> list[str]:
        try:
            path = Tree(connection.cursor()).at(checkpoint.size).consistency_path(old)
        except TileError as error:
            raise DestinationError(f"The consistency proof cannot be computed: {error}") from None
        return self._client.add_checkpoint(old, path, checkpoint.note)

    def _is_ahead(self, connection: Connection, size: int, checkpoint: StoredCheckpoint) -> bool:
        """Tell whether the witness has signed more for another sealer. A size that this log never had: an incident."""
        if size <= checkpoint.size:
            return False
        if size > (newest := ledger.newest_size(connection) or 0):
            sentence = (
                f"The witness has cosigned {size} leaves, but this log has {newest}: leaves are missing."
            )
            incidents.report_incident(connection, "witness_refused", self.name, sentence)
            raise DestinationError(sentence)
        self._size = size
        return True

    def _report_older_state(self, connection: Connection, size: int, origin: str) -> None:
        """Report a witness that lost cosignatures: with an older state it could cosign a second history."""
        known = max(
            self._signed_here, ledger.largest_proven(connection, self._witness, origin, self._key, size)
        )
        if size < known:
            sentence = (
                f"The witness's state has {size} leaves of {origin}, but it has cosigned {known}: "
                "an older state was restored."
            )
            incidents.report_incident(connection, "witness_went_back", self.name, sentence)

    def _verify(self, connection: Connection, checkpoint: StoredCheckpoint, lines: list[str]) -> Signed:
        """Verify the witness's cosignature on this checkpoint. Its time must not be in the future."""
        note = checkpoint.note + "".join(f"{line}\n" for line in lines)
        try:
            signed = parse_note(note, [self._key])[1][0]
        except NoteError as error:
            sentence = f"The cosignature on the checkpoint of size {checkpoint.size} is not valid: {error}"
            incidents.report_incident(connection, "witness_bad_cosignature", self.name, sentence)
            raise DestinationError(sentence) from None
        if signed.time is None or signed.time > datetime.now(UTC).timestamp() + 3600:
            raise DestinationError("The time of the cosignature is in the future.")
        return signed
