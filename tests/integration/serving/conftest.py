"""A web server of its own on a database of its own, as `manage.py serve` starts it."""

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from auditportal.embedded import Services
from auditportal.embedded.process import Process
from auditportal.embedded.redis import free_port
from tests.services import Databases
from tests.waiting import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
WEBHOOK_TOKEN = "only-for-tests-only-for-tests"


@dataclass
class Served:
    """A running web server, and what it has logged."""

    port: int
    process: Process

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def log(self) -> str:
        return self.process.log.read_text(errors="replace")

    def connect(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout=PATIENCE_SECONDS)

    def ask(self, request: bytes) -> bytes:
        """Send these bytes and read until the server closes the connection."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_to_end(connection)


def read_to_end(connection: socket.socket) -> bytes:
    """What the server says until it closes; a reset counts as its end."""
    said = b""
    try:
        while piece := connection.recv(65536):
            said += piece
    except ConnectionResetError:
        pass
    return said


@contextmanager
def serving(folder: Path, database_url: str, **settings: str) -> Iterator[Served]:
    """Run `manage.py serve` with one process, until the block ends."""
    port = free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database_url,
        "DATABASE_POOL_SIZE": "4",
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        **settings,
    }
    command = [sys.executable, "-W", "ignore", "manage.py", "serve", "--port", str(port), "--workers", "1"]

    def answers() -> bool:
        try:
            return httpx.get(f"http://{HOST}:{port}/health/live", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    process = Process(
        "web",
        command,
        folder / "web.lock",
        folder / "web.log",
        directory=ROOT,
        env=environment,
        ready=answers,
    )
    process.start()
    try:
        process.wait_ready(180)
        yield Served(port, process)
    finally:
        process.stop()


@pytest.fixture(scope="module")
def served(
    databases: Databases, worker_id: str, tmp_path_factory: pytest.TempPathFactory, django_db_blocker: Any
) -> Iterator[Served]:
    """One server on an empty database, for the tests of a module that need no rows."""
    with django_db_blocker.unblock():
        databases.ensure_template()
    folder = tmp_path_factory.mktemp("served")
    with (
        databases.copied(f"portal_{worker_id}_served") as services,
        serving(folder, services.database_url, COMMBOX_WEBHOOK_TOKEN=WEBHOOK_TOKEN) as server,
    ):
        yield server


@pytest.fixture
def serve(tmp_path: Path, committed_db: None, services: Services) -> Iterator[Callable[..., Served]]:
    """Start a server on this test's database with these settings; it ends with the test."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(serving(tmp_path, services.database_url, **settings))
