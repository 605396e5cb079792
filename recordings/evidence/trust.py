"""Whom this installation trusts: its policy file (C2SP tlog-policy), and checkpoints as they go out of the house."""

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from recordings.models import Checkpoint, Cosignature
from recordings.tlog.notes import Note, format_note
from recordings.tlog.policy import Policy


def policy() -> Policy | None:
    """The installation's policy; None where none is configured. Raises PolicyError, OSError for a file that is bad."""
    path: Path | None = settings.AUDIT_POLICY_FILE
    return _parsed(path, path.stat().st_mtime_ns) if path else None


@lru_cache(maxsize=2)
def _parsed(path: Path, changed: int) -> Policy:
    """`changed` makes an edited file a new one."""
    return Policy.parse(path.read_bytes())


def whole_note(checkpoint: Checkpoint, cosignatures: Iterable[Cosignature]) -> str:
    """The signed note with its witnesses' lines, the newest of each."""
    note = Note.parse(checkpoint.note)
    newest = {found.witness: found.line for found in sorted(cosignatures, key=lambda found: found.time)}
    own = [signature.line for signature in note.signatures]
    return format_note(note.text, [*own, *(newest[name].rstrip("\n") for name in sorted(newest))])
