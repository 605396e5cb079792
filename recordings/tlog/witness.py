"""A witness: a second party that cosigns a log's checkpoints and so pins its history.

`python -m recordings.tlog.witness --state DIR --name NAME --listen HOST:PORT --log VKEY …` needs Python and
`cryptography`, nothing else.
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
    """Cosigns for the logs that it was configured with; several keys under one name are one log."""

    def __init__(self, state: State, key: SigningKey, logs: Iterable[VerifierKey]) -> None:
        super().__init__(state)
        self._key = key
        self._logs = tuple(logs)

    def read(self, note: str) -> tuple[Checkpoint, list[str]]:
        """A checkpoint that a trusted key of its log signed. Refusal 400, 404 or 403 otherwise."""
        try:
            parsed = Note.parse(note)
            checkpoint = parse(parsed.text)
        except NoteError as wrong:
            raise Refusal(400, str(wrong)) from wrong
        keys = [key for key in self._logs if key.name == checkpoint.origin]
        if not keys:
            raise Refusal(404, "This log is not known here.")
        try:
            return checkpoint, [signed.line for signed in parsed.verify(keys)]
        except NoteError as wrong:
            raise Refusal(403, str(wrong)) from wrong

    def sign(self, checkpoint: Checkpoint) -> list[str]:
        """A cosignature with the time of now."""
        return [self._key.sign(checkpoint.text())]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a witness until it is told to stop; the exit code."""
    return run(_witness, _parser().parse_args(arguments))


def _witness(given: argparse.Namespace) -> None:
    path = given.state / "witness.key"
    if given.print_vkey and path.exists():
        print_key(key_of(path, given.name, WITNESS))
        return
    state = open_state(given.state, path)
    key = key_of(path, given.name, WITNESS)
    print_key(key)
    if given.print_vkey:
        return
    listening = server.tcp_server(Witness(state, key, given.log), *given.listen)
    address = f"http://{given.listen[0]}:{listening.server_address[1]}"
    server.serve(listening, lambda: print_stderr(f"The witness {key.name} listens on {address}"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("witness", description="Cosign the checkpoints of transparency logs.")
    parser.add_argument("--state", type=Path, required=True, help="folder of its own: key, state, evidence")
    parser.add_argument("--name", required=True, help="name of its key, such as witness.example.com/audit")
    parser.add_argument("--listen", type=_address, default=("127.0.0.1", 7380), metavar="HOST:PORT")
    parser.add_argument(
        "--log",
        type=_log,
        action="append",
        default=[],
        metavar="VKEY",
        help="public key of a log (repeat it)",
    )
    parser.add_argument("--print-vkey", action="store_true", help="print its own public key and end")
    return parser


def _log(text: str) -> VerifierKey:
    try:
        key = VerifierKey.parse(text)
    except NoteError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from wrong
    if key.kind != LOG:
        raise argparse.ArgumentTypeError(f"{key.name} is not the key of a log (type 0x01).")
    return key


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise argparse.ArgumentTypeError("An address is HOST:PORT.")
    return host, int(port)


if __name__ == "__main__":
    sys.exit(main())
