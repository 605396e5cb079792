"""What the command lines of signer and witness share: their folder, their key, sentences instead of traces."""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

from recordings.tlog import keys
from recordings.tlog.keys import KeyFileError
from recordings.tlog.notes import NoteError, SigningKey
from recordings.tlog.server import ListenError
from recordings.tlog.state import State, StateError


def run(command: Callable[[argparse.Namespace], None], given: argparse.Namespace) -> int:
    """Run a command; an error is one sentence and exit code 1."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        command(given)
    except (KeyFileError, ListenError, NoteError, StateError, OSError) as wrong:
        print_stderr(str(wrong))
        return 1
    return 0


def open_state(folder: Path, key_file: Path, *, replacing: bool = False) -> State:
    """Open the folder's state. StateError when the key is there and the state is not, or the other way round.

    Without its memory a key could sign a second history; without its key a memory belongs to nobody, unless
    the key is just being replaced.
    """
    state = State(folder)
    error = ""
    if state.is_new and key_file.exists():
        error = f"{key_file} is there but its state is gone: restore state.json, or make a new key."
    elif state.origins and not key_file.exists() and not replacing:
        error = f"{folder} has a state but {key_file.name} is gone: restore it."
    if error:
        state.close()
        raise StateError(error)
    if state.is_new:
        state.begin()
    return state


def key_of(path: Path, name: str, kind: int) -> SigningKey:
    """Load the key of a file, made at the first start. KeyFileError when it is another's or open to others."""
    return keys.load_as(path, name, kind) if path.exists() else keys.make(path, name, kind)


def print_stderr(sentence: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"{sentence}\n")


def print_key(key: SigningKey) -> None:
    """Write the public key as one line to standard output."""
    sys.stdout.write(f"{key.vkey}\n")
    sys.stdout.flush()
