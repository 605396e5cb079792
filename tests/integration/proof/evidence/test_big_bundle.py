"""Thousands of events in one bundle: in how much memory, and does it check. `make bench` measures the time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from auditportal.embedded import Services
from recordings.proof.evidence.bundle.build import build_bundle
from recordings.proof.evidence.check.verify_audit import verify
from tests.bench.memory import peak
from tests.integration.proof.evidence.bundles import NOA, TOM, make_log, on_recording, opened
from tests.thorough import amount

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]

EVENTS = amount(3_000, 10_000)
MIB = 1024 * 1024


def memory(field: str) -> int:
    """VmRSS (now) or VmHWM (at most so far) of this process, in bytes."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[field].split()[0]) * 1024


@contextmanager
def children_watched() -> Iterator[list[int]]:
    """The largest peak seen of any process that is started meanwhile and runs typesetting, in bytes."""
    seen, ended = [0], threading.Event()

    def look() -> None:
        while not ended.wait(0.02):
            for child in Path("/proc/self/task").glob("*/children"):
                seen.extend(int(peak(pid) * MIB) for pid in child.read_text().split() if _typesets(pid))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        ended.set()
        watcher.join()


def _typesets(pid: str) -> bool:
    try:
        return b"typeset" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_many_events(services: Services, settings: Any, tmp_path: Path) -> None:
    log = make_log(services, settings, tmp_path)
    for _ in range(20):
        with transaction.atomic():
            for number in range(EVENTS // 20):
                opened(
                    "1", label="דנה מרלו", note="A note" if number % 3 == 0 else "", by=(NOA, TOM)[number % 2]
                )
    order = log.order(on_recording("1"))
    log.seal()
    path = tmp_path / "audit-trail.zip"
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins again
    before = memory("VmRSS")
    with path.open("wb") as out, children_watched() as typesetting:
        built = build_bundle(order, out, path.name, lambda done, expected: None, tmp_path)
    grown = memory("VmHWM") - before
    assert built.rows == EVENTS
    assert grown < 100 * MIB
    assert 0 < max(typesetting) < 250 * MIB
    result = verify(path, policy=log.signer.policy_text)
    assert [check for check in result.checks if check.state == "fail"] == []
