"""Read the trust policy of this installation (C2SP tlog-policy), and put checkpoints together with cosignatures."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from django.conf import settings

from recordings.models import Checkpoint, Cosignature
from recordings.tlog.notes import Note, NoteError, Signature, VerifierKey, format_note
from recordings.tlog.policy import Policy, PolicyError
from recordings.tlog.texts import decode64


def policy() -> Policy | None:
    """Return the policy of AUDIT_POLICY_FILE; None when none is set. Raises PolicyError or OSError for a bad file."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    return _parsed(path, path.stat().st_mtime_ns) if path else None


@lru_cache(maxsize=2)
def _parsed(path: Path, changed: int) -> Policy:
    """Parse the file. `changed` is its modification time, so that an edited file is parsed again."""
    return Policy.parse(path.read_bytes())


def whole_note(checkpoint: Checkpoint, cosignatures: Iterable[Cosignature]) -> str:
    """Return the signed note with the newest cosignature of each witness of the policy that verifies.

    Cosignatures that do not verify are left out, so that a forged row cannot invalidate the note. Without a policy
    nothing can be verified, and the newest of each witness is used.
    """
    note, known = Note.parse(checkpoint.note), _witness_keys()
    lines: dict[str, str] = {}
    for cosignature in sorted(cosignatures, key=lambda cosignature: cosignature.time):
        witness, line = cosignature.witness, cosignature.line.rstrip("\n")
        if known is None or (witness in known and _verifies(note.text, line, known[witness])):
            lines[witness] = line
    own = [signature.line for signature in note.signatures]
    return format_note(note.text, [*own, *(lines[name] for name in sorted(lines))])


def _witness_keys() -> dict[str, VerifierKey] | None:
    try:
        trusted = policy()
    except (PolicyError, OSError):
        return None
    return {name: party.key for name, party in trusted.witnesses.items()} if trusted else None


def _verifies(text: str, line: str, key: VerifierKey) -> bool:
    try:
        return bool(Note(text, (Signature.parse(line),)).verify([key]))
    except NoteError:
        return False


@dataclass(frozen=True)
class LogKey:
    """A public key of the log, written as in a trust policy (C2SP signed-note verifier key)."""

    vkey: str

    @property
    def origin(self) -> str:
        return self.vkey.partition("+")[0]

    @property
    def spoken(self) -> str:
        """Return the SHA-256 of the key's bytes, type included, as sixteen groups of four hex digits to read aloud."""
        digest = sha256(decode64(self.vkey.split("+", 2)[2])).hexdigest()
        return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def log_keys() -> list[LogKey]:
    """Return the log keys of the policy; none when no policy can be read."""
    try:
        trusted = policy()
    except (PolicyError, OSError):
        return []
    return [LogKey(party.key.vkey) for party in trusted.logs] if trusted else []
