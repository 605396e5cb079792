"""Find an event in the log, for its page: its leaf, the stages it has reached, and its proof step by step."""

import json
from dataclasses import dataclass, field
from uuid import UUID

from django.utils.translation import gettext, pgettext

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
    """One of the stages recorded, sealed, signed, witnessed; `reached`: whether the event has reached it."""

    word: str
    text: str
    reached: bool


@dataclass(frozen=True)
class EventPlace:
    """An event's place in the log. Without `leaf` it is not sealed; without `checkpoint` it cannot be proved yet.

    `proof`: the tlog-proof for download. `trouble`: why the proof does not verify. `details`: those of the checkpoint.
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
        """Return the four stages, in order."""
        not_yet = pgettext("stage of an event", "not yet")
        sealed = signed = witnessed = not_yet
        if self.leaf:
            sealed = gettext("as leaf %(leaf)s") % {"leaf": f"{self.leaf.n:,}"}
        if self.checkpoint:
            signed = gettext("in checkpoint %(size)s") % {"size": f"{self.checkpoint.size:,}"}
        if self.details and self.witnessed:
            witnessed = gettext("by %(names)s") % {"names": ", ".join(self.details.names)}
        elif self.details and self.details.quorum is None:
            witnessed = gettext("no witness is required")
        return [
            Stage(pgettext("stage", "Recorded"), gettext("the bytes and their hash are stored"), True),
            Stage(pgettext("stage", "Sealed"), sealed, self.leaf is not None),
            Stage(pgettext("stage", "Signed"), signed, self.checkpoint is not None),
            Stage(pgettext("stage", "Witnessed"), witnessed, self.witnessed),
        ]


def event_place(event_id: UUID) -> EventPlace:
    """Find an event in the log, and prove it as far as it is sealed and signed. Its proof is verified step by step."""
    leaf = Leaf.objects.filter(event_id=event_id).first()
    if leaf is None:
        return EventPlace(None)
    entry = bytes(leaf.entry)
    pretty = json.dumps(json.loads(entry), indent=2, ensure_ascii=False)
    hashed = leaf_hash(entry)
    if not CheckpointRow.objects.filter(size__gt=leaf.n).exists():
        return EventPlace(leaf, pretty, encode64(hashed))

    # Verify the text that is downloaded, not the data it was made from.
    text = event_proof(event_id)
    try:
        proof = parse_proof(text)
        checkpoint = parse(Note.parse(proof.note).text)
        steps = proof_steps(hashed, leaf.n, checkpoint.size, proof.path, checkpoint.root)
    except (ProofError, NoteError) as error:
        return EventPlace(leaf, pretty, encode64(hashed), proof=text, trouble=str(error))
    details = checkpoint_details(checkpoint.size)
    return EventPlace(leaf, pretty, encode64(hashed), checkpoint, details, text, steps)
