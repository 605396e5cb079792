"""C2SP tlog-proof: a text that proves, without network access, that an entry is in a log."""

from collections.abc import Sequence
from dataclasses import dataclass

from recordings.tlog.merkle import ProofError
from recordings.tlog.texts import decimal, decode64, decode_hash, encode64

HEADER = "c2sp.org/tlog-proof@v1"
MOST_HASHES = 63


@dataclass(frozen=True)
class Proof:
    """A parsed proof. Nothing in it is verified yet, and `extra` never is."""

    index: int
    path: tuple[bytes, ...]
    note: str
    extra: bytes = b""


def format_proof(index: int, path: Sequence[bytes], checkpoint_note: str, extra: bytes = b"") -> str:
    """Format a proof. The checkpoint's note is included unchanged."""
    lines = [HEADER, *([f"extra {encode64(extra)}"] if extra else []), f"index {index}", *map(encode64, path)]
    return "\n".join(lines) + "\n\n" + checkpoint_note


def parse_proof(text: str) -> Proof:
    """Parse a proof. Raises ProofError when it is malformed."""
    head, gap, note = text.partition("\n\n")
    header, *lines = head.split("\n")
    if header != HEADER or not gap:
        raise ProofError(f"A proof begins with {HEADER} and has an empty line before its checkpoint.")
    try:
        extra = decode64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
        index = _parse_index(lines.pop(0) if lines else "")
        path = tuple(decode_hash(line) for line in lines)
    except ValueError as error:
        raise ProofError(f"This is not a proof: {error}") from error
    if extra == b"" or len(path) > MOST_HASHES:
        raise ProofError(f"A proof has no empty extra line and at most {MOST_HASHES} hashes.")
    return Proof(index, path, note, extra or b"")


def _parse_index(line: str) -> int:
    if not line.startswith("index "):
        raise ProofError("the index line is missing.")
    return decimal(line[6:])
