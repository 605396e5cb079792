"""Ten thousand events in one bundle: in how long, with how much memory, and does it check."""

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from auditportal.embedded import Services
from recordings.evidence.bundle import build_bundle
from recordings.evidence.scope import Scope
from recordings.evidence.verify_audit import verify
from tests.integration.evidence.bundles import NOA, TOM, make_log, opened

pytestmark = [pytest.mark.usefixtures("committed_db"), pytest.mark.slow]

EVENTS = 10_000
MIB = 1024 * 1024


def memory(field: str) -> int:
    """VmRSS (now) or VmHWM (at most so far) of this process, in bytes."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[field].split()[0]) * 1024


def test_ten_thousand_events(services: Services, settings: Any, tmp_path: Path) -> None:
    log = make_log(services, settings, tmp_path)
    for _ in range(20):
        with transaction.atomic():
            for number in range(EVENTS // 20):
                opened(
                    "1", label="דנה מרלו", note="A note" if number % 3 == 0 else "", by=(NOA, TOM)[number % 2]
                )
    order = log.order(Scope("target", "recording:1"))
    log.seal()
    path = tmp_path / "audit-trail.zip"
    Path("/proc/self/clear_refs").write_text("5")  # VmHWM begins again
    before, started = memory("VmRSS"), time.process_time()
    with path.open("wb") as out:
        built = build_bundle(order, out, path.name, lambda done, expected: None, tmp_path)
    seconds, grown = time.process_time() - started, memory("VmHWM") - before
    typesetting = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert built.rows == EVENTS
    assert seconds < 10  # of work: how long it takes by the clock depends on who else is on the machine
    assert grown < 100 * MIB
    assert typesetting < 200 * MIB
    result = verify(path, policy_text=log.signer.policy_text)
    assert [check for check in result.checks if not check.ok] == []
