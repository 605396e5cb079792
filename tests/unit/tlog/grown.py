"""A log to test with: numbered leaves, a key, and the requests that an honest or a lying log would send."""

from functools import cache

from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.notes import SigningKey, format_note
from recordings.tlog.texts import encode64

ORIGIN = "portal.example.com/trail"


@cache
def leaves(count: int, history: str = "true") -> tuple[bytes, ...]:
    """Leaf hashes; another history has other leaves from the second one on."""
    told = (history if number else "" for number in range(count))
    return tuple(merkle.leaf_hash(f"{word}{number}".encode()) for number, word in enumerate(told))


@cache
def root(size: int, history: str = "true") -> bytes:
    return merkle.root(leaves(size, history))


def checkpoint(size: int, history: str = "true", origin: str = ORIGIN) -> Checkpoint:
    return Checkpoint(origin, size, root(size, history))


def path(old: int, size: int, history: str = "true") -> list[bytes]:
    return merkle.consistency_path(leaves(size, history), old) if old <= size else []


def note(size: int, key: SigningKey, history: str = "true", origin: str = ORIGIN) -> str:
    text = checkpoint(size, history, origin).text()
    return format_note(text, [key.sign(text)])


def request(old: int | str, hashes: list[bytes], note_or_text: str) -> bytes:
    """The body of add-checkpoint."""
    return "\n".join([f"old {old}", *map(encode64, hashes), "", note_or_text]).encode()
