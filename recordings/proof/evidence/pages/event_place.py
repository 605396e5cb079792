"""What the pages of the sealed log show of an event: its place, how far it has come, and its proof as steps."""

import json
from dataclasses import dataclass, field
from uuid import UUID

from recordings.models import Checkpoint, Leaf
from recordings.proof.evidence.pages.checkpoint_history import Shown, shown
from recordings.proof.evidence.pages.proof_steps import Step, steps
from recordings.proof.evidence.proofs import event_proof
from recordings.tlog.checkpoint import Checkpoint as Signed
from recordings.tlog.checkpoint import parse
from recordings.tlog.merkle import ProofError, leaf_hash
from recordings.tlog.notes import Note, NoteError
from recordings.tlog.proof import parse_proof
from recordings.tlog.texts import encode64


@dataclass(frozen=True)
class Rung:
    """A step of the way from "recorded" to "witnessed"; `reached` is false for what is still to come."""

    word: str
    text: str
    reached: bool


@dataclass(frozen=True)
class Place:
    """An event in the log. Without a leaf it is not sealed, without a checkpoint nothing is proved by it yet."""

    leaf: Leaf | None
    entry: str = ""
    entry_hash: str = ""
    checkpoint: Signed | None = None
    kept: Shown | None = None
    raw: str = ""
    steps: list[Step] = field(default_factory=list)
    trouble: str = ""

    @property
    def witnessed(self) -> bool:
        return bool(self.kept and self.kept.quorum)

    @property
    def root(self) -> str:
        return encode64(self.checkpoint.root) if self.checkpoint else ""

    @property
    def rungs(self) -> list[Rung]:
        """The ladder this event climbs, in words."""
        signed = (
            f"in checkpoint {self.checkpoint.size:,}" if self.checkpoint else "no checkpoint reaches it yet"
        )
        names = ", ".join(self.kept.names) if self.kept else ""
        return [
            Rung("Recorded", "its bytes and their hash are kept", True),
            Rung("Sealed", f"as leaf {self.leaf.n:,}" if self.leaf else "not yet", self.leaf is not None),
            Rung("Signed", signed, self.checkpoint is not None),
            Rung("Witnessed", f"by {names}" if self.witnessed else self._unwitnessed, self.witnessed),
        ]

    @property
    def _unwitnessed(self) -> str:
        nobody = self.kept is not None and self.kept.quorum is None
        return "nobody outside is asked to" if nobody else "not yet"


def place_of(event_id: UUID) -> Place:
    """Where this event stands in the log, and the proof of it as far as there is one."""
    leaf = Leaf.objects.filter(event_id=event_id).first()
    if leaf is None:
        return Place(None)
    entry = bytes(leaf.entry)
    seen = Place(leaf, _pretty(entry), encode64(leaf_hash(entry)))
    if not Checkpoint.objects.filter(size__gt=leaf.n).exists():
        return seen
    return _proved(seen, leaf, event_proof(event_id))


def _proved(seen: Place, leaf: Leaf, raw: str) -> Place:
    """The proof taken apart and walked, exactly as it would be downloaded."""
    try:
        proof = parse_proof(raw)
        signed = parse(Note.parse(proof.note).text)
        walked = steps(leaf_hash(bytes(leaf.entry)), leaf.n, signed.size, proof.path, signed.root)
    except (ProofError, NoteError) as error:
        return Place(leaf, seen.entry, seen.entry_hash, raw=raw, trouble=str(error))
    return Place(leaf, seen.entry, seen.entry_hash, signed, shown(signed.size), raw, walked)


def _pretty(entry: bytes) -> str:
    return json.dumps(json.loads(entry), indent=2, ensure_ascii=False)
