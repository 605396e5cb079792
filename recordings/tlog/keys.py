"""Private keys on disk: one key per file, readable only by its owner."""

import os
from pathlib import Path

from recordings.tlog.files import write_new
from recordings.tlog.notes import NoteError, SigningKey

_OTHERS = 0o077


class KeyFileError(Exception):
    """A key file cannot be used. The text names the file and the reason, never its content."""


def generate(path: Path, name: str, kind: int) -> SigningKey:
    """Generate a key in a new file (mode 0600). Raises KeyFileError when the file exists."""
    key = SigningKey.generate(name, kind)
    if not write_new(path, f"{key.secret()}\n".encode()):
        raise KeyFileError(f"{path} already exists; a key is never overwritten.")
    return key


def load(path: Path) -> SigningKey:
    """Load the key of a file. Raises KeyFileError when it is missing, readable by others, or not a key."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(1000).decode("utf-8", "replace")
    except OSError as error:
        raise KeyFileError(f"The key file {path} cannot be read: {error.strerror}.") from error
    if mode & _OTHERS:
        raise KeyFileError(
            f"The key file {path} is open to others (mode {mode & 0o777:04o}). Anyone who could read it could have "
            "signed with it. Generate a new key, or run chmod 600 if you are sure that nobody has read it."
        )
    try:
        return SigningKey.parse(secret.rstrip("\n"))
    except NoteError as error:
        raise KeyFileError(f"{path} does not hold a private key: {error}") from None


def load_as(path: Path, name: str, kind: int) -> SigningKey:
    """Load a key. Raises KeyFileError as `load` does, and when its name or kind differs."""
    key = load(path)
    if (key.name, key.verifier.kind) != (name, kind):
        raise KeyFileError(f"The key in {path} is {key.vkey}, not a key of this kind named {name}.")
    return key
