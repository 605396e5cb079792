"""What a cosigner remembers: per log its last checkpoint, and the evidence against whoever asked for another one.

One folder, one process at a time: `state.json` is replaced whole, `evidence/` only grows.
"""

import fcntl
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from recordings.tlog import files
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.texts import decode_hash, encode64


class StateError(Exception):
    """A state that is in use, unreadable or missing; the text says what to do."""


@dataclass(frozen=True)
class Seen:
    """The last checkpoint that was signed for a log, and the note that went out."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""


class State:
    """The state in `folder`, which it makes if need be and holds until `close` or the end of the process.

    StateError when another process holds it, or when what is there cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "evidence").mkdir(mode=0o700, exist_ok=True)
        self.folder = folder
        self._file = folder / "state.json"
        self._lock = (folder / "lock").open("ab")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as taken:
            self._lock.close()
            raise StateError(
                f"Another process works on {folder}. Two on one state could sign two logs."
            ) from taken
        self._seen, self._first_used = self._load()

    def close(self) -> None:
        """Let another process have the folder."""
        self._lock.close()

    @property
    def is_new(self) -> bool:
        """Whether nothing was ever kept here, not even that nothing was signed yet."""
        return not self._file.exists()

    @property
    def origins(self) -> list[str]:
        """The logs something was signed for, oldest first."""
        return list(self._seen)

    def seen(self, origin: str) -> Seen:
        """The last checkpoint of a log; the empty tree when there is none."""
        return self._seen.get(origin, Seen())

    def note_by_hash(self, origin_hash: str) -> str | None:
        """The last note of the log whose origin has this SHA-256 (hex)."""
        found = (seen.note for origin, seen in self._seen.items() if _hash(origin) == origin_hash)
        return next(found, None)

    def put(self, checkpoint: Checkpoint, note: str) -> None:
        """Remember a checkpoint. It is on disk when this returns; when this raises, nothing may be answered."""
        seen = Seen(checkpoint.size, checkpoint.root, note)
        self._keep(self._seen | {checkpoint.origin: seen}, self._first_used)

    def first_used(self, vkey: str, now: int) -> int:
        """When a retiring key was first used beside a new one: `now` when it has not been yet (and kept)."""
        if vkey not in self._first_used:
            self._keep(self._seen, self._first_used | {vkey: now})
        return self._first_used[vkey]

    def begin(self) -> None:
        """Write down that nothing was signed yet, so that a state that got lost is told from a new one."""
        self._keep(self._seen, self._first_used)

    def keep_evidence(self, checkpoint: Checkpoint, request: bytes) -> None:
        """Keep a request that does not fit what was signed, and what was signed; never overwritten.

        Named by the checkpoint: whoever repeats one with other proofs fills no disk.
        """
        folder = self.folder / "evidence"
        name = f"{checkpoint.size}-{_hash(checkpoint.text())[:32]}"
        files.write_new(folder / f"{name}.request", request)
        files.write_new(folder / f"{name}.recorded", self.seen(checkpoint.origin).note.encode())

    def _keep(self, seen: dict[str, Seen], first_used: dict[str, int]) -> None:
        logs = {
            origin: {"size": one.size, "root": encode64(one.root), "note": one.note}
            for origin, one in seen.items()
        }
        content = {"logs": logs, "retiring": first_used}
        files.replace(self._file, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
        self._seen, self._first_used = seen, first_used

    def _load(self) -> tuple[dict[str, Seen], dict[str, int]]:
        if self.is_new:
            return {}, {}
        try:
            content = json.loads(self._file.read_bytes())
            logs = {origin: _seen(one) for origin, one in content["logs"].items()}
            return logs, {str(vkey): int(at) for vkey, at in content["retiring"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as wrong:
            self.close()
            raise StateError(f"{self._file} cannot be read; nothing is signed without it.") from wrong


def _seen(kept: dict[str, Any]) -> Seen:
    return Seen(int(kept["size"]), decode_hash(kept["root"]), str(kept["note"]))


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
