"""The log's signer: a separate process that holds the log's key and its own record of what it signed.

`python -m recordings.tlog.signer --state DIR --socket PATH --origin ORIGIN`. It signs a checkpoint only with proof that
the log grew from the last one it signed. Someone who controls the database and the application, but not this process,
cannot have a different history signed.
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

    The first checkpoint of a later epoch ends the earlier ones for good. `retiring` is the key that is being replaced:
    it also signs, for 30 days after its first use as such.
    """

    def __init__(self, state: State, key: SigningKey, retiring: SigningKey | None = None) -> None:
        super().__init__(state)
        self._key = key
        self._retiring, self._retiring_until = retiring, 0
        if retiring:
            self._retiring_until = state.first_used(retiring.vkey, int(time.time())) + RETIRING_SECONDS

    def read(self, note: str) -> tuple[Checkpoint, list[str]]:
        """Parse an unsigned checkpoint. Raises Refusal 400 (malformed), 404 (another log) or 403 (ended epoch)."""
        try:
            checkpoint = parse(note)
        except NoteError as error:
            raise Refusal(400, str(error)) from error
        if checkpoint.extensions:
            raise Refusal(400, "The signer accepts only an unsigned checkpoint of three lines.")
        epoch = epoch_of(self._key.name, checkpoint.origin)
        if epoch is None:
            raise Refusal(404, "This signer does not sign for this log.")
        known_epochs = (epoch_of(self._key.name, origin) or 0 for origin in self._state.origins)
        if epoch < max(known_epochs, default=0):
            raise Refusal(403, "A later epoch of this log has begun.")
        return checkpoint, []

    def sign(self, checkpoint: Checkpoint) -> list[str]:
        """Return the log's signature, and the retiring key's as well."""
        retiring = [self._retiring] if self._retiring and time.time() < self._retiring_until else []
        return [key.named(checkpoint.origin).sign(checkpoint.text()) for key in (self._key, *retiring)]


def epoch_of(first: str, origin: str) -> int | None:
    """Return the number of the epoch that `origin` names, of the log that began as `first`; None for another log."""
    if origin == first:
        return 1
    match = _EPOCH.fullmatch(origin.removeprefix(first))
    return int(match[1]) if match and origin.startswith(first) else None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the signer until SIGTERM; returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.socket and not options.print_vkey:
        parser.error("--socket is required unless --print-vkey is given")
    return run(_run_signer, options)


def _run_signer(options: argparse.Namespace) -> None:
    path = options.state / "signer.key"
    if options.print_vkey and path.exists():
        print_key(_named(keys.load(path), options.origin))
        return
    retiring = keys.load_as(options.also, options.origin, LOG) if options.also else None
    state = open_state(options.state, path, replacing=retiring is not None)
    key = key_of(path, options.origin, LOG)
    print_key(key)
    if options.print_vkey:
        return
    listening = server.unix_server(Signer(state, key, retiring), options.socket, options.socket_mode)
    server.serve(listening, lambda: print_stderr(f"The signer of {key.name} listens on {options.socket}"))


def _named(key: SigningKey, origin: str) -> SigningKey:
    """Return the key under the name of the epoch `origin`. Raises KeyFileError when it is another log's key."""
    if epoch_of(key.name, origin) is None:
        raise keys.KeyFileError(f"The key is {key.vkey}; it cannot sign for {origin}.")
    return key.named(origin)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("sign_trail", description="Sign the checkpoints of one log.")
    parser.add_argument("--state", type=Path, required=True, help="folder for its key, state and evidence")
    parser.add_argument("--origin", required=True, help="the log's origin, which is also the name of its key")
    parser.add_argument("--socket", type=Path, help="Unix socket to listen on")
    parser.add_argument(
        "--print-vkey",
        action="store_true",
        help="print the log's public key (or an epoch's: --origin ORIGIN/2) and exit",
    )
    parser.add_argument(
        "--socket-mode", type=_mode, default=0o600, help="600 (default), or 660 to admit the group"
    )
    parser.add_argument(
        "--also", type=Path, metavar="KEYFILE", help="sign with the key being replaced as well"
    )
    return parser


def _mode(text: str) -> int:
    if text not in ("600", "660"):
        raise argparse.ArgumentTypeError("must be 600 or 660")
    return int(text, 8)


if __name__ == "__main__":
    sys.exit(main())
