"""Signer and witness as what they are in production: processes of their own."""

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
# Nothing of the portal's environment: no settings, no database, no secrets.
BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
# Refuses every import but the standard library's, cryptography's and recordings.tlog itself.
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
    """Run a module where only Python and cryptography are installed."""
    return [sys.executable, "-c", ONLY_CRYPTOGRAPHY, f"recordings.tlog.{name}"]


def manage(name: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), name]


def run(command: list[str], *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself."""
    line = [*command, *map(str, arguments)]
    return subprocess.run(line, env=BARE, capture_output=True, text=True, timeout=120, check=False)


@contextmanager
def started(
    command: list[str], *arguments: str | Path, environment: Mapping[str, str] = BARE
) -> Iterator[subprocess.Popen[str]]:
    """A command that is ended (SIGTERM) when the block ends, unless it ended before."""
    line = [*command, *map(str, arguments)]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, env=dict(environment), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(timeout=60)


def place_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The public key a witness or signer prints first, and the address it says it listens on."""
    assert process.stdout
    assert process.stderr
    vkey = process.stdout.readline().strip()
    said = process.stderr.readline()
    found = re.search(r"listens on (\S+)$", said)
    assert found, said + process.stderr.read()
    return vkey, found[1]


def answers(client: Client) -> bool:
    """Whether somebody listens at the other end by now."""
    with suppress(Unreachable):
        client.latest(ORIGIN)
        return True
    return False
