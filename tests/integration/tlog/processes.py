"""Signer and witness as in production: in processes of their own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from recordings.tlog.client import Client, Unreachable
from tests.unit.tlog.grown import ORIGIN

ROOT = Path(__file__).parents[3]
# The portal's settings, database and secrets are not passed on.
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
# Allows only imports of the standard library, cryptography and recordings.tlog.
ONLY_CRYPTOGRAPHY = """
import runpy, sys
class Only:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if name.startswith("recordings.") and not name.startswith("recordings.tlog"):
            raise ImportError(name)
        if top not in {"recordings", "cryptography", "_cffi_backend", "cffi", *sys.stdlib_module_names}:
            raise ImportError(name)
sys.meta_path.insert(0, Only())
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def module(name: str) -> list[str]:
    """Build the command that runs a module as if only Python and cryptography were installed."""
    return [sys.executable, "-c", ONLY_CRYPTOGRAPHY, f"recordings.tlog.{name}"]


def manage(name: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), name]


def run(command: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command that ends on its own."""
    line = [*command, *map(str, arguments)]
    return subprocess.run(line, env=BARE, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def started(
    command: list[str], *arguments: str | Path, environment: Mapping[str, str] = BARE
) -> Iterator[subprocess.Popen[str]]:
    """Start a command and end it with the block (SIGTERM), unless it has ended."""
    line = [*command, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, env=dict(environment), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=60)


def key_and_address(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the public key that a witness or signer prints first, and its address."""
    assert process.stdout
    assert process.stderr
    vkey = process.stdout.readline().strip()
    line = process.stderr.readline()
    match = re.search(r"listens on (\S+)$", line)
    assert match, line + process.stderr.read()
    return vkey, match[1]


def answers(client: Client) -> bool:
    """Tell whether a cosigner answers at the client's address."""
    with suppress(Unreachable):
        client.latest(ORIGIN)
        return True
    return False
