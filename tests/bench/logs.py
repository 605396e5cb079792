"""Databases of their own for parts that need an empty trail or a huge one, and the processes that seal it."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.conf import settings

from auditportal.embedded import Services
from tests.services import Databases

ORIGIN = "audit.example.com/bench"
_MANAGE = str(Path(__file__).resolve().parents[2] / "manage.py")
_ANTI_JOIN = (
    "SELECT FROM audit.event e WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = e.id) LIMIT 1"
)
_COUNTS = "SELECT (SELECT count(*) FROM audit.event), count(*), coalesce(max(n) + 1, 0) FROM audit.leaf"


@contextmanager
def own_database(name: str) -> Iterator[Services]:
    """An empty, migrated database that Django works on while the block runs."""
    databases = Databases()
    with databases.own(name):
        services = databases.addresses(name)
        os.environ["DATABASE_SEALER_URL"] = settings.DATABASE_SEALER_URL = services.sealer_url
        yield services


@contextmanager
def sealing(services: Services) -> Iterator[None]:
    """The real signer and the real sealer, each a process, while the block runs; the log is open then."""
    with tempfile.TemporaryDirectory(prefix="bench-log-") as folder:
        environment = _environment(services, Path(folder))
        own_log = ["sign_trail", "--state", f"{folder}/signer", "--origin", ORIGIN]
        Path(folder, "signer").mkdir(mode=0o700)
        vkey = _run([*own_log, "--print-vkey"], environment)
        Path(folder, "policy.txt").write_text(f"log {vkey}\nquorum none\n")
        signer = _start([*own_log, "--socket", f"{folder}/signer.sock"], environment)
        _until(lambda: Path(folder, "signer.sock").exists())
        sealer = _start(["seal_trail"], environment)
        try:
            _until(lambda: bool(sealed(services)))
            yield
        finally:
            for process in (sealer, signer):
                process.terminate()
                process.wait(30)


def _environment(services: Services, folder: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": services.database_url,
        "DATABASE_SEALER_URL": services.sealer_url,
        "AUDIT_ORIGIN": ORIGIN,
        "AUDIT_SIGNER_SOCKET": str(folder / "signer.sock"),
        "AUDIT_POLICY_FILE": str(folder / "policy.txt"),
        "LOG_LEVEL": "ERROR",
    }


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, _MANAGE, *command], env=environment)


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, _MANAGE, *command], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise RuntimeError("the log's processes do not come up")
        time.sleep(0.05)


def sealed(services: Services) -> int:
    """How many leaves are under a signed checkpoint."""
    with psycopg.connect(services.admin_url) as connection:
        rows = connection.execute("SELECT coalesce(max(size), 0)::int FROM audit.checkpoint").fetchall()
    return int(rows[0][0])


def wait_sealed(services: Services, seconds: float = 600.0) -> None:
    """Return once everything committed is sealed and signed."""
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        events = connection.execute("SELECT count(*) FROM audit.event")
        ((count,),) = events.fetchall()
    _until(lambda: sealed(services) >= count, seconds)


def check_whole(services: Services) -> None:
    """Inserted = leaves, indices without a gap, nothing unsealed. Raises AssertionError with the figures."""
    with psycopg.connect(services.admin_url) as connection:
        ((inserted, leaves, indices),) = connection.execute(_COUNTS).fetchall()
        unsealed = connection.execute(_ANTI_JOIN).fetchall()
    if not inserted == leaves == indices or unsealed:
        raise AssertionError(f"{inserted} events, {leaves} leaves up to {indices}, {len(unsealed)} unsealed")
