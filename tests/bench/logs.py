"""Databases of their own for parts that need an empty trail or a huge one, and the processes that seal it."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psycopg
from django.conf import settings

from auditportal.embedded import Services
from recordings.tlog.policy import Policy
from tests.bench import events
from tests.services import Databases, connect_to, current_database

EVENTS = int(os.environ.get("BENCH_EVENTS", "100000"))
ORIGIN = "audit.example.com/bench"
MANAGE = str(Path(__file__).resolve().parents[2] / "manage.py")
_BIG = "bench_trail"
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
        # A signer that remembers the last database of this name would refuse this one, as it must.
        shutil.rmtree(_folder(services), ignore_errors=True)
        os.environ["DATABASE_SEALER_URL"] = settings.DATABASE_SEALER_URL = services.sealer_url
        yield services


@contextmanager
def big_trail() -> Iterator[Services]:
    """A database with EVENTS sealed events, made when it is first asked for and kept for the next part."""
    databases, before = Databases(), current_database()
    services = databases.addresses(_BIG)
    known = databases.exists(_BIG)
    if not known:
        databases.clone(_BIG)
    connect_to(_BIG)
    settings.DATABASE_SEALER_URL = services.sealer_url
    try:
        if not known:
            _grow(services)
        yield services
    finally:
        connect_to(before)


def _grow(services: Services) -> None:
    print(f"Writing and sealing {EVENTS:,} events", end=" ", flush=True)
    started = time.perf_counter()
    events.fill(services.admin_url, EVENTS)
    with sealing(services):
        wait_sealed(services)
    check_whole(services)
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")
    print(f"took {time.perf_counter() - started:,.0f} s.", flush=True)


@contextmanager
def sealing(services: Services) -> Iterator[dict[str, str]]:
    """The real signer and the real sealer, each a process, while the block runs; the log is open then. Gives the
    environment of a portal with this log. The signer remembers what it signed from one block to the next."""
    folder = _folder(services)
    (folder / "signer").mkdir(mode=0o700, parents=True, exist_ok=True)
    environment = _environment(services, folder)
    own_log = ["sign_trail", "--state", str(folder / "signer"), "--origin", ORIGIN]
    vkey = run([*own_log, "--print-vkey"], environment)
    _policy_file(services).write_text(f"log {vkey}\nquorum none\n")
    with (folder / "log.txt").open("a") as said:
        signer = _start([*own_log, "--socket", str(folder / "signer.sock")], environment, said)
        _until((folder / "signer.sock").exists)
        sealer = _start(["seal_trail"], environment, said)
        try:
            _until(lambda: bool(sealed(services)))
            yield environment
        finally:
            for process in (sealer, signer):
                process.terminate()
                process.wait(30)


def policy(services: Services) -> Policy:
    """Who signs this database's log, once it was sealed."""
    return Policy.parse(_policy_file(services).read_bytes())


def _policy_file(services: Services) -> Path:
    return _folder(services) / "policy.txt"


def _folder(services: Services) -> Path:
    return Path(os.environ["PORTAL_TESTS_FOLDER"], urlsplit(services.sealer_url).path.strip("/") + "-log")


def _environment(services: Services, folder: Path) -> dict[str, str]:
    return os.environ | {
        "DATABASE_URL": services.database_url,
        "DATABASE_SEALER_URL": services.sealer_url,
        "AUDIT_ORIGIN": ORIGIN,
        "AUDIT_SIGNER_SOCKET": str(folder / "signer.sock"),
        "AUDIT_POLICY_FILE": str(_policy_file(services)),
        "LOG_LEVEL": "ERROR",
    }


def _start(command: list[str], environment: dict[str, str], said: IO[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, MANAGE, *command], env=environment, stdout=said, stderr=said)


def run(command: list[str], environment: dict[str, str]) -> str:
    """What a command of the portal says."""
    done = subprocess.run(
        [sys.executable, MANAGE, *command], env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return str(done.stdout).strip()


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
