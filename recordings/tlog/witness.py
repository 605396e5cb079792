"""A witness: a party elsewhere that cosigns a log's checkpoints, so that the log cannot change its history.

`python -m recordings.tlog.witness --state DIR --name NAME --listen HOST:PORT --log VKEY …` needs only Python and
`cryptography`.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from recordings.tlog import server
from recordings.tlog.checkpoint import Checkpoint, parse
from recordings.tlog.command import key_of, open_state, print_key, print_stderr, run
from recordings.tlog.cosigner import Cosigner, Refusal
from recordings.tlog.notes import LOG, WITNESS, Note, NoteError, SigningKey, VerifierKey
from recordings.tlog.state import State


class Witness(Cosigner):
    """Cosigns for the configured logs. Several keys with the same name belong to one log."""

    def __init__(self, state: State, key: SigningKey, logs: Iterable[VerifierKey]) -> None:
        super().__init__(state)
        self._key = key
        self._logs = tuple(logs)

    def read(self, note: str) -> tuple[Checkpoint, list[str]]:
        """Parse a checkpoint signed by a trusted key of its log. Raises Refusal 400, 403 or 404."""
        try:
            parsed = Note.parse(note)
            checkpoint = parse(parsed.text)
        except NoteError as error:
            raise Refusal(400, str(error)) from error
        keys = [key for key in self._logs if key.name == checkpoint.origin]
        if not keys:
            raise Refusal(404, "This witness does not know this log.")
        try:
            return checkpoint, [signed.line for signed in parsed.verify(keys)]
        except NoteError as error:
            raise Refusal(403, str(error)) from error

    def sign(self, checkpoint: Checkpoint) -> list[str]:
        """Return a cosignature with the current time."""
        return [self._key.sign(checkpoint.text())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a witness until SIGTERM; returns the exit code."""
    return run(_run_witness, _parser().parse_args(arguments))


def _run_witness(options: argparse.Namespace) -> None:
    path = options.state / "witness.key"
    if options.print_vkey and path.exists():
        print_key(key_of(path, options.name, WITNESS))
        return
    state = open_state(options.state, path)
    key = key_of(path, options.name, WITNESS)
    print_key(key)
    if options.print_vkey:
        return
    listening = server.tcp_server(Witness(state, key, options.log), *options.listen)
    address = f"http://{options.listen[0]}:{listening.server_address[1]}"
    server.serve(listening, lambda: print_stderr(f"The witness {key.name} listens on {address}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("witness", description="Cosign the checkpoints of transparency logs.")
    parser.add_argument("--state", type=Path, required=True, help="folder for its key, state and evidence")
    parser.add_argument(
        "--name", required=True, help="name of its key, for example witness.example.com/audit"
    )
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 7380), metavar="HOST:PORT")
    parser.add_argument(
        "--log",
        type=_log,
        action="append",
        default=[],
        metavar="VKEY",
        help="public key of a log to cosign (can be repeated)",
    )
    parser.add_argument("--print-vkey", action="store_true", help="print the witness's public key and exit")
    return parser


def _log(text: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except NoteError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if key.kind != LOG:
        raise argparse.ArgumentTypeError(f"the key of {key.name} is not a log's key (type 0x01)")
    return key


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError("must be HOST:PORT")
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())
