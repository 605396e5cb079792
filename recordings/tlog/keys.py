"""Private keys on disk: one key per file, readable by its owner only."""

import os
from pathlib import Path

from recordings.tlog.files import write_new
from recordings.tlog.notes import NoteError, SigningKey

_OTHERS = 0o077


class KeyFileError(Exception):
    """A key file that cannot be used; the text says which and why, and never what is in it."""


def make(path: Path, name: str, kind: int) -> SigningKey:
    """A fresh key in a new file (0600). KeyFileError when the file is there already."""
    key = SigningKey.generate(name, kind)
    if not write_new(path, f"{key.secret()}\n".encode()):
        raise KeyFileError(f"{path} is there already; a key is never overwritten.")
    return key


def load(path: Path) -> SigningKey:
    """The key of a file. KeyFileError when there is none, others could read it, or it holds something else."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            secret = file.read(1000).decode("utf-8", "replace")
    except OSError as wrong:
        raise KeyFileError(f"The key file {path} cannot be read: {wrong.strerror}.") from wrong
    if mode & _OTHERS:
        raise KeyFileError(
            f"The key file {path} is open to others (mode {mode & 0o777:04o}). Whoever could read it could have "
            "signed; make a new key, or, when you are sure that nobody has, run chmod 600 on it."
        )
    try:
        return SigningKey.parse(secret.rstrip("\n"))
    except NoteError as wrong:
        raise KeyFileError(f"{path} does not hold a private key: {wrong}") from None


def load_as(path: Path, name: str, kind: int) -> SigningKey:
    """`load`, and KeyFileError unless the key has this name and kind."""
    key = load(path)
    if (key.name, key.verifier.kind) != (name, kind):
        raise KeyFileError(f"The key in {path} is {key.vkey}; it is not a key of this kind named {name}.")
    return key
