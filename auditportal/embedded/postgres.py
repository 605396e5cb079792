"""Run PostgreSQL for the demo and the tests: a Unix socket, passwords for every role, the roles of production."""

import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from auditportal.embedded import folders
from auditportal.embedded.binaries import VERSION, postgres_binaries
from auditportal.embedded.errors import EmbeddedError
from auditportal.embedded.passwords import load_passwords, write_private
from auditportal.embedded.process import Process

DATABASE = "auditportal"
ADMIN, MIGRATOR, WEB, SEALER = "postgres", "portal_migrator", "portal_web", "portal_sealer"
ROLES_SQL = Path(__file__).resolve().parents[2] / "deploy" / "roles.sql"
_INITDB = (
    f"--username={ADMIN} --auth=scram-sha-256 --encoding=UTF8 --locale=C --locale-provider=builtin "
    "--builtin-locale=C.UTF-8 --no-instructions"
).split()
_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    # Statements contain people's names and addresses, which must not appear in the log.
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}
_NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    # With this level, a database copied from a template is not written to the write-ahead log page by page.
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True)
class Postgres:
    """A database cluster in `home`. `durable=False` is faster but loses data in a power failure: for tests only."""

    home: Path
    logs: Path
    account: folders.Account | None
    durable: bool

    @property
    def data(self) -> Path:
        return self.home / "postgres"

    def url(self, user: str, database: str = DATABASE) -> str:
        """Return the address for a role, with its password."""
        password = self._passwords()[user]
        return f"postgresql://{user}:{password}@/{database}?host={quote(str(self._socket_folder()), safe='')}"

    def prepare(self) -> Process:
        """Create the cluster if there is none, and return the process that serves it."""
        binaries = postgres_binaries(self.account, self._copies_folder())
        version_file = self.data / "PG_VERSION"
        if not version_file.exists():
            self._initialise(binaries)
        version = version_file.read_text().strip()
        if version != str(VERSION):
            raise EmbeddedError(
                f"{self.data} has data of PostgreSQL {version}, but the embedded server is version {VERSION}. "
                "Delete the data (make demo RESET=1), or dump them with the version that wrote them."
            )
        settings = _SETTINGS | ({} if self.durable else _NOT_DURABLE)
        settings["unix_socket_directories"] = str(self._socket_folder())
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Process(
            "PostgreSQL",
            [str(binaries / "postgres"), "-D", str(self.data), *options],
            lock=self.home / "postgres.lock",
            log=self.logs / "postgres.log",
            # The process id in them may by now belong to another program, or to a zombie.
            leftovers=[self.data / "postmaster.pid", self._socket_folder() / ".s.PGSQL.5432.lock"],
            directory=self.data,
            env=_plain_environment(),
            account=self.account,
            ready=self._accepts_connections,
            stop_signal=signal.SIGINT,  # "fast" shutdown: clean, but does not wait for clients
            stop_seconds=20,
        )

    def provision(self) -> None:
        """Create the roles and the database with deploy/roles.sql. Can be repeated."""
        passwords = self._passwords()
        environment = {
            **_plain_environment(),
            "PGPASSWORD": passwords[ADMIN],
            "PORTAL_MIGRATOR_PASSWORD": passwords[MIGRATOR],
            "PORTAL_WEB_PASSWORD": passwords[WEB],
            "PORTAL_SEALER_PASSWORD": passwords[SEALER],
        }
        psql = str(postgres_binaries(self.account, self._copies_folder()) / "psql")
        address = ["-h", str(self._socket_folder()), "-U", ADMIN, "-d", "postgres"]
        command = [psql, "-X", "-q", *address, "-f", str(ROLES_SQL)]
        _run(command, environment, None, "The database roles could not be set up")

    def _passwords(self) -> dict[str, str]:
        return load_passwords(self.home / "passwords.json", (ADMIN, MIGRATOR, WEB, SEALER))

    def _socket_folder(self) -> Path:
        return folders.socket_folder(self.home, self.account)

    def _copies_folder(self) -> Path:
        """Return the folder for a copy of the binaries. Root has one for all clusters."""
        return folders.ROOT_FOLDER if self.home.is_relative_to(folders.ROOT_FOLDER) else self.home

    def _accepts_connections(self) -> bool:
        try:
            psycopg.connect(self.url(ADMIN, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self, binaries: Path) -> None:
        """Create the cluster in a temporary folder and rename it when complete, so that `data` is never incomplete."""
        draft, password = self.home / "postgres.new", self.home / "initial-password"
        folders.remove(draft)
        folders.make_private(draft, self.account)
        write_private(password, self._passwords()[ADMIN])
        if self.account:
            os.chown(password, self.account.uid, self.account.gid)
        command = [str(binaries / "initdb"), *_INITDB, f"--pgdata={draft}", f"--pwfile={password}"]
        command += [] if self.durable else ["--no-sync"]
        try:
            _run(command, _plain_environment(), self.account, "The embedded database could not be created")
        finally:
            password.unlink()
        (draft / "pg_hba.conf").write_text("local all all scram-sha-256\n")
        draft.rename(self.data)


def _plain_environment() -> dict[str, str]:
    """Build an environment without our variables: PG… variables change the tools' behaviour, others are secret."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _run(command: list[str], env: dict[str, str], account: folders.Account | None, failure: str) -> None:
    result = subprocess.run(  # noqa: S603  (our own command)
        command,
        env=env,
        cwd="/",
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if result.returncode:
        output = " ".join((result.stderr or result.stdout).split())[-600:]
        raise EmbeddedError(f"{failure}: {output}")
