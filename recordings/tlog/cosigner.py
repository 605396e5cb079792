"""C2SP tlog-witness: sign a checkpoint only if it is consistent with the last one signed.

The log's signer and a witness follow the same rules; the modules `signer` and `witness` have the differences.
"""

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Self

from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import ProofError, check_consistency
from recordings.tlog.notes import format_note
from recordings.tlog.state import State
from recordings.tlog.texts import decimal, decode_hash

MOST_HASHES = 63
PLAIN = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True)
class Response:
    """An HTTP response."""

    status: int
    body: str
    content_type: str = PLAIN


class Refusal(Exception):
    """The reason why a checkpoint is not signed, with the response to send."""

    def __init__(self, status: int, body: str, content_type: str = PLAIN) -> None:
        super().__init__(body)
        self.response = Response(status, f"{body}\n", content_type)


@dataclass(frozen=True)
class AddCheckpointRequest:
    """The parsed body of an add-checkpoint request."""

    old: int
    path: tuple[bytes, ...]
    note: str

    @classmethod
    def parse(cls, request: bytes) -> Self:
        """Parse a request: an old size, hashes, an empty line and a note. Raises Refusal 400 for anything else."""
        try:
            head, gap, note = request.decode().partition("\n\n")
            first, *hashes = head.split("\n")
            if not gap or not first.startswith("old ") or len(hashes) > MOST_HASHES:
                raise ValueError(
                    f"it needs an old size, at most {MOST_HASHES} hashes, an empty line and a checkpoint."
                )
            return cls(decimal(first[4:]), tuple(decode_hash(line) for line in hashes), note)
        except ValueError as error:
            raise Refusal(400, f"This is not an add-checkpoint request: {error}") from error


class Cosigner(ABC):
    """Signs checkpoints that are consistent with `state`. The new state is on disk before the answer is sent."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._lock = threading.Lock()

    @abstractmethod
    def read(self, note: str) -> tuple[Checkpoint, list[str]]:
        """Parse the checkpoint of a request and the signature lines to keep. Raises Refusal 400, 403 or 404."""

    @abstractmethod
    def sign(self, checkpoint: Checkpoint) -> list[str]:
        """Return this cosigner's signature lines."""

    def add_checkpoint(self, request: bytes) -> Response:
        """Answer an add-checkpoint request (C2SP tlog-witness)."""
        try:
            parsed = AddCheckpointRequest.parse(request)
            checkpoint, lines = self.read(parsed.note)
            with self._lock:
                self._check_consistency(checkpoint, parsed, request)
                own = self.sign(checkpoint)
                self._state.put(checkpoint, format_note(checkpoint.text(), [*lines, *own]))
        except Refusal as refusal:
            return refusal.response
        return Response(200, "".join(f"{line}\n" for line in own))

    def latest(self, origin_hash: str) -> Response:
        """Return the newest checkpoint signed for the log whose origin has this SHA-256."""
        note = self._state.note_by_hash(origin_hash)
        return Response(404, "Nothing was signed for this log.\n") if note is None else Response(200, note)

    def _check_consistency(
        self, checkpoint: Checkpoint, parsed: AddCheckpointRequest, request: bytes
    ) -> None:
        last = self._state.last_signed(checkpoint.origin)
        if parsed.old > checkpoint.size:
            raise Refusal(400, "The old size is larger than the new one.")
        if parsed.old != last.size:
            # Two signed roots of one size are evidence, whatever old size the request names.
            if checkpoint.size == last.size and checkpoint.root != last.root:
                self._state.keep_evidence(checkpoint, request)
            raise Refusal(409, str(last.size), SIZE)
        try:
            check_consistency(last.size, last.root, checkpoint.size, checkpoint.root, parsed.path)
        except ProofError as error:
            self._state.keep_evidence(checkpoint, request)
            raise Refusal(422, str(error)) from error
