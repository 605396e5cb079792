"""Run PostgreSQL and Redis without installing anything; both are started and stopped together."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from auditportal.embedded import folders
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.postgres import ADMIN, MIGRATOR, SEALER, WEB, Postgres
from auditportal.embedded.process import Process, end_survivors
from auditportal.embedded.redis import Redis

OWNER = "owner"  # the file that is locked while the servers run
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Services:
    """Addresses with passwords: of the application, the migrations, the sealer, a superuser (for tests), and Redis."""

    database_url: str = field(repr=False)
    owner_url: str = field(repr=False)
    sealer_url: str = field(repr=False)
    admin_url: str = field(repr=False)
    redis_url: str = field(repr=False)


class Embedded:
    """The embedded servers of one directory. Only one process at a time can run them. The data stay when they stop.

    When run as root, the data may be in another folder (`home`), because PostgreSQL's user must be able to reach it.
    `durable=False` is faster but loses data in a power failure. `redis=False` leaves Redis out. Raises EmbeddedError,
    with a sentence, when something is missing.
    """

    def __init__(
        self, directory: Path, *, durable: bool = True, redis: bool = True, logs: Path | None = None
    ) -> None:
        if os.name != "posix":
            raise EmbeddedError(
                "The embedded servers need Linux or macOS. Elsewhere, set DATABASE_URL and REDIS_URL."
            )
        account = folders.server_account()
        self.directory = directory
        self.home = folders.home_for(directory, account)
        self._logs = logs or self.home
        self._postgres = Postgres(self.home, self._logs, account, durable)
        self._redis = Redis(self.home, self._logs) if redis else None
        self._lock: IO[str] | None = None
        self.processes: list[Process] = []

    def start(self) -> Services:
        """Start both servers, creating the database at the first start; returns their addresses once both answer."""
        self._acquire_lock()
        try:
            self._start(self._postgres.prepare())
            self._postgres.provision()
            if self._redis:
                self._start(self._redis.prepare())
        except BaseException:
            self.stop()
            raise
        url, redis_url = self._postgres.url, self._redis.url if self._redis else ""
        return Services(url(WEB), url(MIGRATOR), url(SEALER), url(ADMIN), redis_url)

    def stop(self) -> None:
        """Stop the running servers, in reverse order of their start. Can be repeated."""
        while self.processes:
            self.processes.pop().stop()
        if self._lock:
            self._lock.close()
            self._lock = None

    @contextmanager
    def running(self) -> Iterator[Services]:
        """Run the servers during the block; yields their addresses."""
        services = self.start()
        try:
            yield services
        finally:
            self.stop()

    def remove(self) -> None:
        """Stop the servers and delete all data."""
        self.stop()
        self._acquire_lock()
        try:
            end_survivors(self.home)
            folders.remove(self.home)
            folders.remove(self.directory)
        finally:
            self.stop()

    def _start(self, process: Process) -> None:
        self.processes.append(process)
        process.start()
        process.wait_ready(_START_SECONDS)

    def _acquire_lock(self) -> None:
        """Lock the directory, so that two programs never serve the same data."""
        folders.home_for(self.directory, folders.server_account())
        lock = (self.home / OWNER).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise EmbeddedError(f"The embedded servers of {self.directory} are already running.") from None
        self._lock = lock
