"""The ground of the tests: one PostgreSQL per run, one database and one Redis per testing process."""

import base64
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
import redis
from psycopg import sql

from auditportal.embedded import OWNER, Embedded, Services
from auditportal.embedded.redis import Redis
from auditportal.sandbox import Sandbox

TEMPLATE = "portal_template"
ALIASES = ("default", "owner")
_FOLDER = "PORTAL_TESTS_FOLDER"
_ADMIN_URL = "PORTAL_TESTS_ADMIN_URL"
_NAME = "auditportal-tests-"
_SETTLED_SECONDS = 60.0
_ROOM = 4 * 2**30
_CELERY_KEYS = (b"_kombu", b"unacked", b"celery")


class Ground:
    """What a run starts once, in the controlling process: PostgreSQL, its addresses in the environment."""

    def __init__(self) -> None:
        sweep()
        self.folder = _roots()[0] / f"{_NAME}{os.getpid()}"
        self.embedded = Embedded(self.folder, durable=False, redis=False)

    def start(self) -> None:
        services = self.embedded.start()
        _ease_passwords(services)
        os.environ |= {
            _FOLDER: str(self.folder),
            _ADMIN_URL: services.admin_url,
            "DATABASE_URL": services.database_url,
            "DATABASE_OWNER_URL": services.owner_url,
            "DATABASE_SEALER_URL": services.sealer_url,
        }

    def stop(self) -> None:
        self.embedded.remove()


def _ease_passwords(services: Services) -> None:
    """Give every login its password again, hashed once, not 4,096 times: tests connect ten thousand times."""
    urls = (services.admin_url, services.database_url, services.owner_url, services.sealer_url)
    with psycopg.connect(services.admin_url, autocommit=True) as connection:
        connection.execute("SET scram_iterations = 1")
        for login in map(urlsplit, urls):
            if login.username and login.password:
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                        sql.Identifier(unquote(login.username)), sql.Literal(unquote(login.password))
                    )
                )


def _roots() -> list[Path]:
    """Where runs keep their servers, the first for a new one: in memory where there is enough of it.

    A run copies a database of six hundred files eight hundred times, which takes a fifth of the processor time there.
    """
    disk, memory = Path(tempfile.gettempdir()), Path("/dev/shm")
    if not memory.is_dir() or not os.access(memory, os.W_OK):
        return [disk]
    # PostgreSQL's programs may have to be copied next to its data.
    fits = shutil.disk_usage(memory).free > _ROOM and not os.statvfs(memory).f_flag & os.ST_NOEXEC
    return [memory, disk] if fits else [disk, memory]


def sweep() -> None:
    """Delete what runs that were killed have left: folders whose lock nobody holds (or is about to take)."""
    for folder in (found for root in _roots() for found in root.glob(f"{_NAME}*")):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _SETTLED_SECONDS:
                _sweep(folder)


def _sweep(folder: Path) -> None:
    with (folder / OWNER).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # BlockingIOError: its run is alive
        shutil.rmtree(folder)


class OwnServers:
    """What each process that runs tests has for itself: a Redis to stop and start, a CommBox to play with."""

    def __init__(self, name: str) -> None:
        folder = Path(os.environ[_FOLDER]) / name
        folder.mkdir()
        self.redis = Redis(folder, folder)
        self.process = self.redis.prepare()
        self.sandbox = Sandbox()
        self._client = redis.Redis.from_url(self.redis.url)

    def start(self) -> None:
        self.process.start()
        self.process.wait_ready(60)
        self.sandbox.start()

    def stop(self) -> None:
        self.sandbox.stop()
        self._client.close()
        self.process.stop()

    def flush(self) -> None:
        """Forget counters and caches. Celery's own keys stay: a worker may be listening."""
        if keys := [key for key in self._client.scan_iter() if not key.startswith(_CELERY_KEYS)]:
            self._client.delete(*keys)

    def environment(self) -> dict[str, str]:
        """Settings of a portal that talks to these servers and to nothing else."""
        return {
            "SECRET_KEY": "only-for-tests-" * 4,
            "DEBUG": "true",  # static files as they lie in the repository; pytest-django turns the rest of it off
            "AUDIT_FIELD_KEY": base64.b64encode(b"only for tests, 32 bytes, really").decode(),
            "COMMBOX_REQUESTS_PER_SECOND": "200",
            **self.sandbox.settings(),
            "REDIS_URL": self.redis.url,
            "REPORTS_DIR": str(self.redis.home / "reports"),
        }


class Databases:
    """Databases made by copying one migrated template (about 100 ms each)."""

    def __init__(self) -> None:
        self.admin_url = os.environ[_ADMIN_URL]
        self._lock = Path(os.environ[_FOLDER]) / "template.lock"

    def ensure_template(self) -> None:
        """Migrate the template; the first process does it, the others wait."""
        with self._lock.open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.exists(TEMPLATE):
                return
            draft = f"{TEMPLATE}_draft"
            self.drop(draft)
            self.clone(draft, template="auditportal")
            _migrate(draft)
            self._run("ALTER DATABASE {} RENAME TO {}", draft, TEMPLATE)

    def clone(self, name: str, template: str = TEMPLATE) -> None:
        self._run("CREATE DATABASE {} TEMPLATE {} OWNER auditportal_owner", name, template)

    def drop(self, name: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def addresses(self, name: str) -> Services:
        """The addresses for one database."""
        names = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SEALER_URL")
        urls = [*(os.environ[name] for name in names), self.admin_url]
        return Services(
            *(urlsplit(url)._replace(path=f"/{name}").geturl() for url in urls), os.environ["REDIS_URL"]
        )

    @contextmanager
    def copied(self, name: str, template: str = TEMPLATE) -> Iterator[Services]:
        """A fresh copy under `name` while the block runs: its addresses."""
        self.clone(name, template=template)
        try:
            yield self.addresses(name)
        finally:
            self.drop(name)

    @contextmanager
    def own(self, name: str) -> Iterator[None]:
        """A fresh copy under `name`, connected to while the block runs."""
        before = current_database()
        self.clone(name)
        connect_to(name)
        try:
            yield
        finally:
            connect_to(before)
            self.drop(name)

    def exists(self, name: str) -> bool:
        """Whether there is a database of this name."""
        return bool(self._admin.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchall())

    def close(self) -> None:
        """End the connection that databases are made and dropped with."""
        self._admin.close()

    @cached_property
    def _admin(self) -> psycopg.Connection:
        """One connection for all: some eight hundred tests make a database and drop it."""
        return psycopg.connect(self.admin_url, autocommit=True)

    def _run(self, statement: str, *names: str) -> None:
        self._admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def current_database() -> str:
    from django.db import connections

    return str(connections.settings["default"]["NAME"])


def connect_to(name: str) -> None:
    """Point every alias at another database, in all threads that connect from now on."""
    from django.db import connections

    for alias in ALIASES:
        connections[alias].close()
        connections.settings[alias]["NAME"] = name


def _migrate(name: str) -> None:
    from django.core.management import call_command

    before = current_database()
    connect_to(name)
    try:
        call_command("migrate", database="owner", verbosity=0, interactive=False)
    finally:
        connect_to(before)
