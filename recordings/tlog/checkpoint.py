"""C2SP tlog-checkpoint: three lines – origin, size, root – that commit to a whole log."""

from collections.abc import Iterable
from dataclasses import dataclass

from recordings.tlog.notes import Note, NoteError, Signed, VerifierKey
from recordings.tlog.texts import HASH_BYTES, decimal, decode_hash, encode64


@dataclass(frozen=True)
class Checkpoint:
    """Which log, how many leaves, and the root over them. Raises NoteError for what cannot be written down."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        lines = (self.origin, *self.extensions)
        if any(not line or "\n" in line for line in lines) or self.size < 0 or len(self.root) != HASH_BYTES:
            raise NoteError("A checkpoint has an origin, a size and a root of 32 bytes.")

    def text(self) -> str:
        """The text of the note that is signed."""
        lines = (self.origin, str(self.size), encode64(self.root), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def parse(text: str) -> Checkpoint:
    """Parse a checkpoint from the text of a note. NoteError when it is not one."""
    origin, *lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 2:
        raise NoteError("A checkpoint has at least three lines: origin, size, root.")
    try:
        return Checkpoint(origin, decimal(lines[0]), decode_hash(lines[1]), tuple(lines[2:]))
    except ValueError as wrong:
        raise NoteError(f"This is not a checkpoint: {wrong}") from wrong


def parse_note(note: str | bytes, keys: Iterable[VerifierKey]) -> tuple[Checkpoint, list[Signed]]:
    """Parse a checkpoint, and find who of `keys` signed it. NoteError as `Note.verify`."""
    parsed = Note.parse(note)
    return parse(parsed.text), parsed.verify(keys)
