"""A real log in its own database, real witnesses on loopback, and the publisher's database role."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.tlog.cosigner import Cosigner, Response
from recordings.tlog.notes import WITNESS, SigningKey, VerifierKey
from recordings.tlog.policy import Party
from recordings.tlog.server import tcp_server
from recordings.tlog.signer import Signer as LogSigner
from recordings.tlog.state import State
from recordings.tlog.witness import Witness
from tests.sealing import Signer, seal_all, signer_of, write_events

if TYPE_CHECKING:  # Django is not set up yet when this file is read
    from recordings.proof.anchors.ledger import Connection
    from recordings.proof.anchors.witness import WitnessDestination


@dataclass
class Log:
    """A log that grows on request."""

    services: Services
    signer: Signer
    forged: list[Signer] = field(default_factory=list)

    def grow(self, count: int = 1, *, manifest: bool = False) -> int:
        """Commit and seal events; returns the new size."""
        write_events(self.services, count)
        return seal_all(self.services, manifest=manifest, signer=self.signer)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.services.admin_url) as connection:
            return connection.execute(query, values).fetchall()

    def kinds(self, kind: str) -> int:
        return int(self.rows("SELECT count(*) FROM audit.event WHERE kind = %s", kind)[0][0])

    def forget_events(self) -> None:
        """Delete every event, as only a superuser can."""
        with psycopg.connect(self.services.admin_url) as connection:
            connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
            connection.execute("DELETE FROM audit.event")

    def rewrite(self) -> None:
        """Delete the log and the signer's state, as someone with the database and the log's key can."""
        tables = (
            "leaf",
            "tile",
            "checkpoint",
            "cosignature",
            "anchor",
            "log_head",
        )
        with psycopg.connect(self.services.admin_url) as connection:
            for table in tables:
                connection.execute(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL")
            connection.execute(f"TRUNCATE {', '.join(f'audit.{table}' for table in tables)}")
            connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
            connection.execute("DELETE FROM audit.event WHERE actor_ref = 'system:sealer'")
            connection.execute("ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept")
            for table in tables[:5]:
                connection.execute(f"ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_is_kept")
        forged = Signer()
        forged.key = self.signer.key
        forged._cosigner = LogSigner(forged._states["log"], forged.key)
        self.forged.append(forged)
        self.signer = forged

    @property
    def incidents(self) -> list[tuple[str, str]]:
        return [
            (code, detail)
            for code, detail in self.rows("SELECT code, detail FROM audit.incident ORDER BY id")
        ]


@pytest.fixture
def log(committed_db: None, services: Services, settings: Any) -> Iterator[Log]:
    settings.DATABASE_SEALER_URL = services.sealer_url
    made = Log(services, signer_of(services))
    yield made
    for signer in made.forged:
        signer.remove()


@pytest.fixture
def sealer(log: Log) -> Iterator["Connection"]:
    """A connection with the rights of a destination."""
    with psycopg.connect(log.services.sealer_url, autocommit=True) as connection:
        yield connection


class Watcher:
    """A witness on loopback with its own key and state. Replace `answer` to make it lie or delay."""

    def __init__(self, folder: Path, name: str, logs: list[VerifierKey]) -> None:
        self.key = SigningKey.generate(f"{name}.example", WITNESS)
        self.evidence = folder / name / "evidence"
        self._state = State(folder / name)
        self.witness = Witness(self._state, self.key, logs)
        self.answer: Callable[[bytes], Response] = self.witness.add_checkpoint
        self.asked: list[bytes] = []
        self._destinations: list[WitnessDestination] = []
        self._server = tcp_server(_Listening(self), "127.0.0.1", 0)
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()

    def destination(self, *, immediate: bool = False) -> "WitnessDestination":
        """Create a destination for this witness, as a new publisher thread would."""
        from recordings.proof.anchors.witness import WitnessDestination

        self._destinations.append(WitnessDestination("auditor", self.party, immediate=immediate))
        return self._destinations[-1]

    @property
    def party(self) -> Party:
        host, port = self._server.server_address[:2]
        return Party(self.key.verifier, f"http://{host}:{port}/")

    def stop(self) -> None:
        for destination in self._destinations:
            destination.close()
        self._server.shutdown()
        self._server.server_close()
        self._state.close()


class _Listening(Cosigner):
    """The cosigner that the server calls: the real witness, unless the test replaces its answer."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    def read(self, note: str) -> Any:
        raise NotImplementedError

    def sign(self, checkpoint: Any) -> Any:
        raise NotImplementedError

    def add_checkpoint(self, request: bytes) -> Response:
        self._watcher.asked.append(request)
        return self._watcher.answer(request)

    def latest(self, origin_hash: str) -> Response:
        return self._watcher.witness.latest(origin_hash)


@pytest.fixture
def watcher(log: Log, tmp_path: Path) -> Iterator[Callable[[str], Watcher]]:
    """Create witnesses by name; all stop with the test."""
    with ExitStack() as stack:

        def make(name: str) -> Watcher:
            made = Watcher(tmp_path, name, [log.signer.key.verifier])
            stack.callback(made.stop)
            return made

        yield make
