"""Run `make demo`: start every process of a complete portal in order, watch them, and stop them in order."""

import base64
import hashlib
import http.client
import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auditportal.accounts.demo import PEOPLE, app_secret
from auditportal.accounts.roles import ROLES
from auditportal.embedded import demo_env
from auditportal.embedded.demo_processes import HOST, Runner
from auditportal.embedded.demo_trail import Trail
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.process import Process, end_survivors
from auditportal.embedded.services import Embedded
from auditportal.embedded.supervisor import Supervisor

ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 60.0
_PREPARED_FILE = "prepared"  # has the fingerprint of the sources from which the database was last prepared
_DATABASE_SOURCES = (
    "*/migrations/*.py",
    "*/*/migrations/*.py",
    "auditportal/accounts/*.py",
    "auditportal/accounts/factors/*.py",
    "auditportal/grants.py",
    "auditportal/management/commands/seed_demo.py",
    "requirements.lock",
)


class Demo:
    """The demo in one folder on one port.

    `say` prints a text. `pause` sleeps, and raises an exception when the user asked to stop.
    """

    def __init__(
        self, folder: Path, port: int, say: Callable[..., None], pause: Callable[[float], None]
    ) -> None:
        self.folder, self.port, self._say, self._pause = folder, port, say, pause
        self._started_at = time.monotonic()
        for part in (folder, folder / "logs", folder / "run"):
            part.mkdir(exist_ok=True)
        self._embedded = Embedded(folder / "embedded", logs=folder / "logs")
        self._supervisor = Supervisor(say)

    def reset(self) -> None:
        """Delete all data and secrets. Raises EmbeddedError while the demo is running."""
        self._embedded.remove()
        end_survivors(self.folder / "run")
        shutil.rmtree(self.folder)

    def run(self) -> None:
        """Start everything and supervise it until an exception (from a signal) arrives; then stop everything."""
        check_port(self.port)
        try:
            self._start()
            self._print_introduction()
            self._supervisor.run(self._pause)
        finally:
            self._say("Stopping …")
            (self.folder / demo_env.RUNNING_FILE).unlink(missing_ok=True)
            self._supervisor.stop()
            self._embedded.stop()

    def _start(self) -> None:
        secrets = demo_env.load_secrets(self.folder)
        with self._step("PostgreSQL 18 and Redis"):
            services = self._embedded.start()
        for process in self._embedded.processes:
            self._supervisor.watch(process)
        environment = demo_env.settings(secrets, services, self.port, self.folder)
        with self._step("CommBox and its storage (the sandbox)"):
            sandbox = Runner(self.folder, environment, self.port).sandbox()
            self._launch(sandbox)
            environment |= demo_env.read_file(sandbox.output) if sandbox.output else {}
        trail = Trail(self.folder, secrets)
        environment |= trail.settings()
        demo_env.write_file(self.folder / demo_env.RUNNING_FILE, environment)
        runner = Runner(self.folder, environment, self.port)
        self._prepare(runner)
        with self._step("Signer, witness and sealer"):
            trail.prepare()
            for process in trail.processes(runner):
                self._launch(process)
        with self._step("Web, worker and beat"):
            for process in runner.portal():
                self._launch(process)
            self._wait_ready()

    def _prepare(self, runner: Runner) -> None:
        """Create tables, accounts and the first catalog, unless their sources have not changed since the last time."""
        prepared, current = self._embedded.home / _PREPARED_FILE, fingerprint()
        if prepared.exists() and prepared.read_text() == current:
            return
        for text, *command in (
            ("Tables and roles", "migrate", "--database", "owner", "--verbosity", "0"),
            ("Demo accounts", "seed_demo"),
            ("Catalog from CommBox", "refresh_catalog"),
        ):
            with self._step(text):
                runner.manage(*command, pause=self._pause)
        prepared.write_text(current)

    def _launch(self, process: Process) -> None:
        process.start()
        self._supervisor.watch(process)
        self._pause(0)
        process.wait_ready(_READY_SECONDS)

    def _wait_ready(self) -> None:
        """Wait until the portal can serve pages. Raises EmbeddedError after _READY_SECONDS."""
        deadline = time.monotonic() + _READY_SECONDS
        while not responds(self.port, "/health/ready"):
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The portal did not become ready. See its log: {self.folder / 'logs' / 'web.log'}"
                )
            self._supervisor.check(time.monotonic())
            self._pause(0.1)

    @contextmanager
    def _step(self, text: str) -> Iterator[None]:
        self._pause(0)
        started_at = time.monotonic()
        self._say(f"  {text + ' …':<42}", end="")
        try:
            yield
        except BaseException:
            self._say("failed")
            raise
        self._say(f"{time.monotonic() - started_at:5.1f} s")

    def _print_introduction(self) -> None:
        stored = demo_env.load_secrets(self.folder)
        people = [f"  {name:<12}{ROLES[role].label:<20}{ROLES[role].may}" for name, _, role in PEOPLE]
        lines = (
            "",
            # Passkeys need a name: a browser makes none for an address such as 127.0.0.1.
            f"AuditPortal is ready: http://localhost:{self.port}/   ({time.monotonic() - self._started_at:.0f} s)",
            "",
            f"Sign in as one of these people, with the password  {stored['DEMO_PASSWORD']}",
            *people,
            *_second_step(stored["DEMO_APP_KEY"]),
            "",
            f"Stop with Ctrl-C. The data are kept (make demo RESET=1 deletes them). Logs: {self.folder / 'logs'}",
        )
        self._say("\n".join(lines))


def _second_step(key: str) -> Iterator[str]:
    """Say how to pass the second step of sign-in."""
    if os.environ.get("DEMO_SIGN_IN") != "full":
        yield "The password is enough. DEMO_SIGN_IN=full asks for a second factor, as production does."
        return
    yield ""
    yield "The second step is a code of an authenticator app. These are the secrets to enter there:"
    for name, _, _ in PEOPLE:
        yield f"  {name:<12}{base64.b32encode(app_secret(key, name)).decode()}"
    yield "Administrators need a passkey as well: the portal asks for it after the code."


def check_port(port: int) -> None:
    """Check that the server can listen on the port. Raises EmbeddedError, with a hint about PORT=, if it cannot."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or "it is not a port"
            raise EmbeddedError(
                f"Port {port} cannot be used: {reason}. Choose another: make demo PORT={port + 1}"
            ) from None


def responds(port: int, path: str) -> bool:
    """Tell whether the page at `path` returns status 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def fingerprint(root: Path = ROOT) -> str:
    """Hash the files from which the database is prepared. A new hash means that it must be prepared again."""
    files = sorted({file for pattern in _DATABASE_SOURCES for file in root.glob(pattern)})
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()
