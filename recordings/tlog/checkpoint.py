"""C2SP tlog-checkpoint: a text of an origin, a size and a root, which commits to the whole log."""

from collections.abc import Iterable
from dataclasses import dataclass

from recordings.tlog.notes import Note, NoteError, Signed, VerifierKey
from recordings.tlog.texts import HASH_BYTES, decimal, decode_hash, encode64


@dataclass(frozen=True)
class Checkpoint:
    """The origin, size and root of a log. Raises NoteError for values that a checkpoint cannot express."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if any(not line or "\n" in line for line in lines) or self.size < 0 or len(self.root) != HASH_BYTES:
            raise NoteError("A checkpoint has an origin, a size and a root of 32 bytes.")

    def text(self) -> str:
        """Return the text to be signed."""
        lines = (self.origin, str(self.size), encode64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """Parse a checkpoint from the text of a note. Raises NoteError when it is not one."""
    origin, *lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 2:
        raise NoteError("A checkpoint has at least three lines: origin, size, root.")
    try:
        return Checkpoint(origin, decimal(lines[0]), decode_hash(lines[1]), tuple(lines[2:]))
    except ValueError as error:
        raise NoteError(f"This is not a checkpoint: {error}") from error


def parse_note(note: str | bytes, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, list[Signed]]:
    """Parse a checkpoint and verify its signatures by `keys`. Raises NoteError as `Note.verify` does."""
    parsed = Note.parse(note)
    return parse(parsed.text), parsed.verify(keys)
