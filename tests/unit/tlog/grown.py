"""A log for tests: numbered leaves, a key, and the requests of an honest or a lying log."""

from functools import cache

from recordings.tlog import merkle
from recordings.tlog.checkpoint import Checkpoint
from recordings.tlog.notes import SigningKey, format_note
from recordings.tlog.texts import encode64

ORIGIN = "portal.example.com/trail"


@cache
def leaves(count: int, history: str = "true") -> tuple[bytes, ...]:
    """Return leaf hashes. A different `history` has different leaves from the second one on."""
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
    """Format the body of an add-checkpoint request."""
    return "\n".join([f"old {old}", *map(encode64, hashes), "", note_or_text]).encode()
