"""An evidence bundle of 10,000 events: built by the portal's own command, checked by the verifier that is in it.

Both are processes of their own, timed from start to end with their largest memory: waiting for the sealer's manifest
and its signed checkpoint is part of building.
"""

import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from tests.bench import logs
from tests.bench.events import BUSIEST
from tests.bench.memory import peak
from tests.bench.results import Measured

_MIB = 1024 * 1024


def measure() -> Iterator[Measured]:
    """Seconds and MiB of building and of verifying, and how large the file is."""
    with logs.big_trail() as services, TemporaryDirectory() as folder, logs.sealing(services) as environment:
        out = Path(folder, "bundle.zip")
        person = BUSIEST.partition(":")[2]
        export = [logs.MANAGE, "export_report", "--person", person, "--out", str(out)]
        yield from _figures("building", *_run(export, environment))
        verifier = Path(folder, "verify_audit.py")
        with zipfile.ZipFile(out) as bundle:
            verifier.write_bytes(bundle.read("verify_audit.py"))
            leaves = sum(name.endswith(".tlog-proof") for name in bundle.namelist())
        yield from _figures("verifying", *_run([str(verifier), str(out)], {}))
        yield Measured("bundle, leaves in it", leaves, "leaves")
        yield Measured("bundle, size", out.stat().st_size / _MIB, "MiB")


def _figures(what: str, seconds: float, mebibytes: float) -> Iterator[Measured]:
    yield Measured(f"bundle of 10,000 events, {what}", seconds, "s")
    yield Measured(f"bundle of 10,000 events, {what}: memory", mebibytes, "MiB")


def _run(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds and the largest memory of a Python process. Raises RuntimeError when it fails."""
    started, most = perf_counter(), 0.0
    process = subprocess.Popen([sys.executable, *command], env=environment, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        most = max(most, peak(process.pid))
        sleep(0.005)
    if process.returncode:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return perf_counter() - started, most
