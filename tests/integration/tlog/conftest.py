"""Real servers: a witness on a port, a signer on a socket, a client for each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from recordings.tlog import server
from recordings.tlog.client import Client
from recordings.tlog.notes import WITNESS, SigningKey
from recordings.tlog.signer import Signer
from recordings.tlog.state import State
from recordings.tlog.witness import Witness
from tests.unit.tlog.grown import ORIGIN


@dataclass
class Parties:
    """The participants of a test: the log's key and signer, the witness's key and port."""

    log_key: SigningKey
    witness_key: SigningKey
    signer_socket: Path
    witness_port: int
    signer: Client
    witness: Client
    signing: Signer


@contextmanager
def _running(listening: server._Server) -> Iterator[None]:
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


@pytest.fixture
def parties(tmp_path: Path) -> Iterator[Parties]:
    log_key, witness_key = SigningKey.generate(ORIGIN), SigningKey.generate("audit.example", WITNESS)
    states = State(tmp_path / "signer"), State(tmp_path / "witness")
    path = tmp_path / "signer.sock"
    signer = Signer(states[0], log_key)
    signing = server.unix_server(signer, path)
    witnessing = server.tcp_server(Witness(states[1], witness_key, [log_key.verifier]), "127.0.0.1", 0)
    port = witnessing.server_address[1]
    clients = Client(path), Client(f"http://127.0.0.1:{port}/")
    with _running(signing), _running(witnessing):
        yield Parties(log_key, witness_key, path, port, *clients, signer)
        for closing in (*clients, *states):
            closing.close()
