"""Evidence bundles: built by the portal's own command, checked by the verifier that is in them.

Both are processes of their own, timed from start to end with their largest memory: waiting for the sealer's manifest
and its signed checkpoint is part of building. A person's bundle comes from the trail of BENCH_EVENTS events, a period's
from a log of its own that is the period. What a person scattered over a log of a million would cost more is computed:
the hashes between leaves are counted for leaves drawn at random, and such hashes are packed.
"""

import json
import os
import random
import subprocess
import sys
import zipfile
import zlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

from django.contrib.auth import get_user_model

from tests.bench import events, logs
from tests.bench.events import BUSIEST, BUSIEST_EVENTS
from tests.bench.memory import peak
from tests.bench.results import Measured
from tests.sealing import write_events

SMALL, PERIOD, LARGEST = 60, 10_000, 99_900  # with the log's own leaves the largest that a bundle carries
MILLION = 1_000_000
_FOR_READING = ("report.pdf", "verify_audit.py", "verify.html")
_MIB = 1024 * 1024


def measure() -> Iterator[Measured]:
    """Seconds and MiB of building and of verifying, and bytes an event."""
    with logs.big_trail() as services:
        person = int(BUSIEST.partition(":")[2])
        get_user_model().objects.get_or_create(pk=person, defaults={"username": BUSIEST})
        with logs.sealing(services) as environment:
            write_events(services)
            logs.wait_sealed(
                services
            )  # the sealer has counted the log: how long that takes is not the bundle's
            yield from _bundle(
                environment, f"{BUSIEST_EVENTS:,} events of a person", ["--person", str(person)]
            )
    for count in (SMALL, PERIOD, LARGEST):
        with logs.own_database(f"bench_period_{count}") as services:
            events.fill(services.admin_url, count)
            with logs.sealing(services) as environment:
                logs.wait_sealed(services)
                yield from _bundle(environment, f"{count:,} events of a period", [])
    yield from _scattered()


def _bundle(environment: dict[str, str], what: str, about: list[str]) -> Iterator[Measured]:
    with TemporaryDirectory() as folder:
        out, verifier = Path(folder, "bundle.zip"), Path(folder, "verify_audit.py")
        export = [logs.MANAGE, "export_report", *about, "--out", str(out)]
        yield from _figures(f"bundle, {what}: building", *_run(export, environment))
        with zipfile.ZipFile(out) as bundle:
            verifier.write_bytes(bundle.read("verify_audit.py"))
            rows = json.loads(bundle.read("bundle.json"))["rows"]
            packed = sum(one.compress_size for one in bundle.infolist() if one.filename not in _FOR_READING)
        yield from _figures(f"bundle, {what}: verifying", *_run([str(verifier), str(out)], {}))
        yield Measured(f"bundle, {what}: size", out.stat().st_size / 1024, "KiB")
        yield Measured(f"bundle, {what}: without PDF, verifiers", packed / rows, "bytes/event")


def _scattered() -> Iterator[Measured]:
    """What the hashes between leaves add when 10,000 leaves lie anywhere in a log of a million."""
    chosen = sorted(random.Random(7).sample(range(MILLION), BUSIEST_EVENTS))
    lines, before, count = [], 0, 0
    for n in chosen:
        gap = _subtrees(before, n)
        lines.append(json.dumps([b64encode(os.urandom(32)).decode() for _ in range(gap)]))
        before, count = n + 1, count + gap
    packed = len(zlib.compress("\n".join(lines).encode(), 9))
    yield Measured("bundle, hashes between leaves in a million", count / len(chosen), "an event")
    yield Measured("bundle, these hashes (computed)", packed / len(chosen), "bytes/event")


def _subtrees(start: int, end: int) -> int:
    """How many largest aligned subtrees cover the leaves start … end − 1."""
    found = 0
    while start < end:
        height = (end - start).bit_length() - 1
        if start:
            height = min(height, (start & -start).bit_length() - 1)
        start, found = start + (1 << height), found + 1
    return found


def _figures(what: str, seconds: float, mebibytes: float) -> Iterator[Measured]:
    yield Measured(what, seconds, "s")
    yield Measured(f"{what}, memory", mebibytes, "MiB")


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
