"""A cosigner's state: the last checkpoint of each log, and evidence of requests that contradict it.

The folder belongs to one process at a time. `state.json` is replaced as a whole; files are only added to `evidence/`.
"""

import fcntl
import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from recordings.tlog import files
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.merkle import EMPTY_ROOT
from recordings.tlog.texts import decode_hash, encode64


class StateError(Exception):
    """The state is in use, unreadable or missing; the text says what to do."""


@dataclass(frozen=True)
class LastSigned:
    """The last checkpoint signed for a log, with the note that was sent."""

    size: int = 0
    root: bytes = EMPTY_ROOT
    note: str = ""


class State:
    """The state in `folder`, which is created if needed and locked until `close` or the end of the process.

    Raises StateError when another process has locked it, or when it cannot be read.
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
                f"Another process is using {folder}. Two processes with one state could sign two histories."
            ) from taken
        self._last_signed, self._first_used = self._load()

    def close(self) -> None:
        """Unlock the folder."""
        self._lock.close()

    @property
    def is_new(self) -> bool:
        """Whether no state was ever written here, not even an empty one."""
        return not self._file.exists()

    @property
    def origins(self) -> list[str]:
        """The logs that something was signed for, oldest first."""
        return list(self._last_signed)

    def last_signed(self, origin: str) -> LastSigned:
        """Return the last checkpoint of a log; the empty tree when there is none."""
        return self._last_signed.get(origin, LastSigned())

    def note_by_hash(self, origin_hash: str) -> str | None:
        """Return the last note of the log whose origin has this SHA-256 (hex)."""
        notes = (last.note for origin, last in self._last_signed.items() if _hash(origin) == origin_hash)
        return next(notes, None)

    def put(self, checkpoint: Checkpoint, note: str) -> None:
        """Store a checkpoint. It is on disk after return; if this raises, no signature may be sent."""
        last = LastSigned(checkpoint.size, checkpoint.root, note)
        self._write(self._last_signed | {checkpoint.origin: last}, self._first_used)

    def first_used(self, vkey: str, now: int) -> int:
        """Return when a retiring key was first used beside a new one; stores `now` on the first call."""
        if vkey not in self._first_used:
            self._write(self._last_signed, self._first_used | {vkey: now})
        return self._first_used[vkey]

    def begin(self) -> None:
        """Write an empty state, so that a lost state can be told from a new one."""
        self._write(self._last_signed, self._first_used)

    def keep_evidence(self, checkpoint: Checkpoint, request: bytes) -> None:
        """Store a request that contradicts the last signed checkpoint, and that checkpoint. Nothing is overwritten.

        Files are named by the checkpoint, so that repeating it with other proofs does not fill the disk.
        """
        folder = self.folder / "evidence"
        name = f"{checkpoint.size}-{_hash(checkpoint.text())[:32]}"
        files.write_new(folder / f"{name}.request", request)
        files.write_new(folder / f"{name}.recorded", self.last_signed(checkpoint.origin).note.encode())

    def _write(self, last_signed: dict[str, LastSigned], first_used: dict[str, int]) -> None:
        logs = {
            origin: {"size": last.size, "root": encode64(last.root), "note": last.note}
            for origin, last in last_signed.items()
        }
        content = {"logs": logs, "retiring": first_used}
        files.replace(self._file, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
        self._last_signed, self._first_used = last_signed, first_used

    def _load(self) -> tuple[dict[str, LastSigned], dict[str, int]]:
        if self.is_new:
            return {}, {}
        try:
            content = json.loads(self._file.read_bytes())
            logs = {
                origin: LastSigned(int(log["size"]), decode_hash(log["root"]), str(log["note"]))
                for origin, log in content["logs"].items()
            }
            return logs, {str(vkey): int(at) for vkey, at in content["retiring"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.close()
            raise StateError(f"{self._file} cannot be read. Nothing is signed without it.") from error


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
