"""The log's own signer: a process by itself that holds the log's key and its own memory of what it signed.

`python -m recordings.tlog.signer --state DIR --socket PATH --origin ORIGIN`. It signs the text of a checkpoint
when its own last one grew into it; who holds database and application, but not this process, can sign no other history.
"""

import argparse
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from recordings.tlog import keys, server
from recordings.tlog.checkpoint import Checkpoint, parse
from recordings.tlog.command import key_of, open_state, print_key, print_stderr, run
from recordings.tlog.cosigner import Cosigner, Refusal
from recordings.tlog.notes import LOG, NoteError, SigningKey
from recordings.tlog.state import State

RETIRING_SECONDS = 30 * 24 * 3600
_EPOCH = re.compile(r"/([2-9]|[1-9][0-9]{1,8})")


class Signer(Cosigner):
    """Signs for one origin and its later epochs (origin/2, origin/3 …), each a log that starts empty.

    An epoch ends for good with the first checkpoint of a later one. `also` is the key that is being replaced: it
    signs, too, for 30 days after it was first given.
    """

    def __init__(self, state: State, key: SigningKey, also: SigningKey | None = None) -> None:
        super().__init__(state)
        self._key = key
        self._also = also
        self._also_until = state.first_used(also.vkey, int(time.time())) + RETIRING_SECONDS if also else 0

    def read(self, note: str) -> tuple[Checkpoint, list[str]]:
        """The text of a checkpoint, unsigned. Refusal 400, 404 (another log) or 403 (an epoch that ended)."""
        try:
            checkpoint = parse(note)
        except NoteError as wrong:
            raise Refusal(400, str(wrong)) from wrong
        if checkpoint.extensions:
            raise Refusal(400, "The text of a checkpoint is three lines here, and unsigned.")
        epoch = epoch_of(self._key.name, checkpoint.origin)
        if epoch is None:
            raise Refusal(404, "This is not the log that is signed here.")
        begun = (epoch_of(self._key.name, origin) or 0 for origin in self._state.origins)
        if epoch < max(begun, default=0):
            raise Refusal(403, "A later epoch of this log has begun.")
        return checkpoint, []

    def sign(self, checkpoint: Checkpoint) -> list[str]:
        """The log's signature, and the retiring key's beside it."""
        also = [self._also] if self._also and time.time() < self._also_until else []
        return [key.named(checkpoint.origin).sign(checkpoint.text()) for key in (self._key, *also)]


def epoch_of(first: str, origin: str) -> int | None:
    """Tell which epoch of the log that began as `first` an origin names; None when it is another log's."""
    if origin == first:
        return 1
    match = _EPOCH.fullmatch(origin.removeprefix(first))
    return int(match[1]) if match and origin.startswith(first) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the signer until it is told to stop; the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if not given.socket and not given.print_vkey:
        parser.error("--socket is needed: where should it listen?")
    return run(_signer, given)


def _signer(given: argparse.Namespace) -> None:
    path = given.state / "signer.key"
    if given.print_vkey and path.exists():
        print_key(_named(keys.load(path), given.origin))
        return
    also = keys.load_as(given.also, given.origin, LOG) if given.also else None
    state = open_state(given.state, path, replacing=also is not None)
    key = key_of(path, given.origin, LOG)
    print_key(key)
    if given.print_vkey:
        return
    listening = server.unix_server(Signer(state, key, also), given.socket, given.socket_mode)
    server.serve(listening, lambda: print_stderr(f"The signer of {key.name} listens on {given.socket}"))


def _named(key: SigningKey, origin: str) -> SigningKey:
    """The key as the epoch `origin` has it. KeyFileError when it is not this log's."""
    if epoch_of(key.name, origin) is None:
        raise keys.KeyFileError(f"The key here is {key.vkey}; it signs no log named {origin}.")
    return key.named(origin)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("sign_trail", description="Sign the checkpoints of one log.")
    parser.add_argument("--state", type=Path, required=True, help="folder of its own: key, state, evidence")
    parser.add_argument("--origin", required=True, help="the log's origin, which is also the name of its key")
    parser.add_argument("--socket", type=Path, help="unix socket to listen on")
    parser.add_argument(
        "--print-vkey",
        action="store_true",
        help="print the log's public key (of an epoch: ORIGIN/2 …) and end",
    )
    parser.add_argument(
        "--socket-mode", type=_mode, default=0o600, help="600 (default), or 660 for its group"
    )
    parser.add_argument("--also", type=Path, metavar="KEYFILE", help="the key that is being replaced")
    return parser


def _mode(text: str) -> int:
    if text not in ("600", "660"):
        raise argparse.ArgumentTypeError("600 or 660.")
    return int(text, 8)


if __name__ == "__main__":
    sys.exit(main())
