"""Copy a database to another server with pg_dump and pg_restore, as docs/operating.md does it."""

import os
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from auditportal.embedded.binaries import postgres_binaries

_TOOLS = postgres_binaries(None, Path(os.devnull))


def dump(url: str, file: Path) -> Path:
    """Write the database of a superuser's address to a file, in pg_dump's custom format."""
    _run("pg_dump", url, "--format=custom", f"--file={file}")
    return file


def restore(file: Path, url: str) -> None:
    """Restore a dump into the empty database of a superuser's address, in one transaction."""
    _run("pg_restore", url, "--exit-on-error", "--single-transaction", str(file))


def _run(tool: str, url: str, *arguments: str) -> None:
    """The password stays out of the command line."""
    address = urlsplit(url)
    env = {"PATH": os.environ["PATH"], "PGPASSWORD": address.password or ""}
    command = [str(_TOOLS / tool), f"--dbname={address._replace(netloc=f'{address.username}@').geturl()}"]
    done = subprocess.run([*command, *arguments], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
