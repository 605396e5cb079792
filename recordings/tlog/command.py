"""Shared by the command lines of signer and witness: state folder, key file, errors as sentences."""

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


def run(command: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """Run a command; returns its exit code. An error is printed as one sentence."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    try:
        command(options)
    except (KeyFileError, ListenError, NoteError, StateError, OSError) as error:
        print_stderr(str(error))
        return 1
    return 0


def open_state(folder: Path, key_file: Path, *, replacing: bool = False) -> State:
    """Open the state in a folder, or begin a new one. Raises StateError when either the key or the state is missing.

    Without its state a key could sign a second history. A state without its key is useless, unless the key is being
    replaced.
    """
    state = State(folder)
    error = ""
    if state.is_new and key_file.exists():
        error = f"{key_file} exists but state.json is missing. Restore it, or generate a new key."
    elif state.origins and not key_file.exists() and not replacing:
        error = f"{folder} has a state but {key_file.name} is missing. Restore it."
    if error:
        state.close()
        raise StateError(error)
    if state.is_new:
        state.begin()
    return state


def key_of(path: Path, name: str, kind: int) -> SigningKey:
    """Load the key of a file; generate it at the first start. Raises KeyFileError as `keys.load_as` does."""
    return keys.load_as(path, name, kind) if path.exists() else keys.generate(path, name, kind)


def print_stderr(sentence: str) -> None:
    """Write one line to standard error."""
    sys.stderr.write(f"{sentence}\n")


def print_key(key: SigningKey) -> None:
    """Write the public key as one line to standard output."""
    sys.stdout.write(f"{key.vkey}\n")
    sys.stdout.flush()
