"""What an event's page shows of the sealed log: its place, how far it has come, and its proof as steps."""

import json
from dataclasses import dataclass, field
from uuid import UUID

from recordings.models import Checkpoint as CheckpointRow
from recordings.models import Leaf
from recordings.proof.evidence.pages.checkpoint_history import CheckpointDetails, checkpoint_details
from recordings.proof.evidence.pages.proof_steps import Step, proof_steps
from recordings.proof.evidence.proofs import event_proof
from recordings.tlog.checkpoint import Checkpoint, parse
from recordings.tlog.merkle import ProofError, leaf_hash
from recordings.tlog.notes import Note, NoteError
from recordings.tlog.proof import parse_proof
from recordings.tlog.texts import encode64


@dataclass(frozen=True)
class Stage:
    """A stage of an event from "recorded" to "witnessed"; `reached` is false for what is still to come."""

    word: str
    text: str
    reached: bool


@dataclass(frozen=True)
class EventPlace:
    """Where an event is in the log. Without a leaf it is not sealed, without a checkpoint nothing is proved by it yet.

    `proof` is the text for download, `trouble` why it does not hold; `details` are those of the checkpoint.
    """

    leaf: Leaf | None
    entry: str = ""
    entry_hash: str = ""
    checkpoint: Checkpoint | None = None
    details: CheckpointDetails | None = None
    proof: str = ""
    steps: list[Step] = field(default_factory=list)
    trouble: str = ""

    @property
    def witnessed(self) -> bool:
        return bool(self.details and self.details.quorum)

    @property
    def root(self) -> str:
        return encode64(self.checkpoint.root) if self.checkpoint else ""

    @property
    def stages(self) -> list[Stage]:
        """The stages of this event, in words."""
        signed = (
            f"in checkpoint {self.checkpoint.size:,}" if self.checkpoint else "no checkpoint reaches it yet"
        )
        unwitnessed = (
            "nobody outside is asked to" if self.details and self.details.quorum is None else "not yet"
        )
        names = ", ".join(self.details.names) if self.details else ""
        return [
            Stage("Recorded", "its bytes and their hash are kept", True),
            Stage("Sealed", f"as leaf {self.leaf.n:,}" if self.leaf else "not yet", self.leaf is not None),
            Stage("Signed", signed, self.checkpoint is not None),
            Stage("Witnessed", f"by {names}" if self.witnessed else unwitnessed, self.witnessed),
        ]


def event_place(event_id: UUID) -> EventPlace:
    """Find an event in the log, and prove it as far as it is sealed and signed."""
    leaf = Leaf.objects.filter(event_id=event_id).first()
    if leaf is None:
        return EventPlace(None)
    entry = bytes(leaf.entry)
    pretty = json.dumps(json.loads(entry), indent=2, ensure_ascii=False)
    hashed = leaf_hash(entry)
    if not CheckpointRow.objects.filter(size__gt=leaf.n).exists():
        return EventPlace(leaf, pretty, encode64(hashed))

    # The proof is taken apart and walked exactly as it would be downloaded.
    text = event_proof(event_id)
    try:
        proof = parse_proof(text)
        checkpoint = parse(Note.parse(proof.note).text)
        steps = proof_steps(hashed, leaf.n, checkpoint.size, proof.path, checkpoint.root)
    except (ProofError, NoteError) as error:
        return EventPlace(leaf, pretty, encode64(hashed), proof=text, trouble=str(error))
    details = checkpoint_details(checkpoint.size)
    return EventPlace(leaf, pretty, encode64(hashed), checkpoint, details, text, steps)
