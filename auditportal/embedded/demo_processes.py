"""The demo's processes and their commands."""

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from auditportal.embedded.demo_env import read_file
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]
_MANAGE = [str(ROOT / "manage.py")]
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "VIRTUAL_ENV",
)  # no settings of another installation
_CELERY = ["-m", "celery", "--app", "auditportal"]
_WORKER = shlex.split("worker --loglevel INFO --concurrency 2 --without-mingle --without-gossip")
_CHECK_SECONDS = 0.05
SANDBOX_LAST_SETTING = "AWS_SECRET_ACCESS_KEY"
_BEAT = shlex.split("beat --loglevel INFO --pidfile= --schedule")


class Runner:
    """Creates the processes of one demo. They share an environment; each has its log in `folder`/logs."""

    def __init__(self, folder: Path, environment: Mapping[str, str], port: int) -> None:
        self._folder, self._port = folder, port
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._environment = inherited | dict(environment)

    def sandbox(self) -> Process:
        """Create the stand-in for CommBox and its storage. Once ready, it writes its settings to `output`."""
        state = self._folder / "sandbox"
        state.mkdir(exist_ok=True)
        output = self._folder / "run" / "sandbox.env"
        process = self._process(
            "sandbox", [*_MANAGE, "sandbox", "--throttle-rate", "0", "--state-dir", str(state)]
        )
        process.output = output
        process.ready = lambda: SANDBOX_LAST_SETTING in read_file(output)
        return process

    def portal(self) -> list[Process]:
        """Create the portal's processes, in the order of their start."""
        web = [*_MANAGE, "serve", "--host", HOST, "--port", str(self._port)]
        pool = {"DATABASE_POOL_SIZE": "4", "PROMETHEUS_MULTIPROC_DIR": str(self._folder / "metrics")}
        return [
            self._process("web", web, pool),
            self._process("worker", [*_CELERY, *_WORKER]),
            self._process("beat", [*_CELERY, *_BEAT, str(self._folder / "run" / "beat")]),
        ]

    def sealer(self) -> Process:
        """Create the sealer, with its own database login and no other."""
        logins = {"DATABASE_URL": self._environment["DATABASE_SEALER_URL"], "DATABASE_OWNER_URL": ""}
        return self._process("sealer", [*_MANAGE, "seal_trail"], logins)

    def without_settings(self, name: str, command: Sequence[str]) -> Process:
        """Create a process that gets none of the portal's settings."""
        process = self._process(name, command)
        process.env = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return process

    def manage(self, *command: str, pause: Callable[[float], None]) -> None:
        """Run a management command to its end. Raises EmbeddedError, with its last error, when it fails."""
        step = self._process(command[0], [*_MANAGE, *command])
        step.start()
        try:
            while step.running:
                pause(_CHECK_SECONDS)
            if step.exit_code != 0:
                raise EmbeddedError(f"manage.py {command[0]} failed. {step.last_error()}")
        finally:
            step.stop()

    def _process(self, name: str, command: Sequence[str], extra: Mapping[str, str] | None = None) -> Process:
        return Process(
            name,
            [sys.executable, *command],
            lock=self._folder / "run" / f"{name}.lock",
            log=self._folder / "logs" / f"{name}.log",
            directory=ROOT,
            env={**self._environment, **(extra or {})},
            stop_seconds=20,
        )
