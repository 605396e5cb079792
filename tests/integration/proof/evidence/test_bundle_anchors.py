"""Time stamps in bundles: real ones from a real authority, their checkpoints, and the way from those to this one."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.models import Checkpoint
from recordings.proof.anchors import ledger
from recordings.proof.anchors.timestamp import NAME, stamp, trusted
from recordings.proof.evidence.bundle.timestamps import _neighbours
from recordings.proof.evidence.check.verify_audit import verify
from tests.integration.proof.evidence.bundles import Log, make_log, on_recording, opened
from tests.tsa import Authority, stamping

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    return make_log(services, settings, tmp_path)


def anchored(log: Log, tsa: Authority) -> int:
    """Seal, and have the newest checkpoint stamped as the publisher does."""
    log.seal()
    with (
        stamping(tsa) as stamper,
        psycopg.connect(log.services.sealer_url, autocommit=True) as connection,
    ):
        newest = ledger.newest(connection)
        response, time = stamp(stamper.url, newest.note.encode(), trusted(tsa.certificates))
        ledger.record_anchor(connection, NAME, newest.size, "authority.example", response, time)
    return newest.size


def test_stamps_around_the_leaves_are_shipped_and_check(log: Log, tsa: Authority) -> None:
    opened("1")
    first = anchored(log, tsa)
    opened("2")
    second = anchored(log, tsa)
    opened("1")
    bundle = log.bundle(on_recording("1"))
    assert [anchor["size"] for anchor in bundle.claims["anchors"]] == [first, second]
    assert {f"anchors/{size}.{kind}" for size in (first, second) for kind in ("txt", "tsr")} <= {
        *bundle.names
    }
    checks = {check.name: check for check in verify(bundle.file, policy=log.signer.policy_text).checks}
    assert [check for check in checks.values() if check.state == "fail"] == []
    assert checks["anchors"].sentence.startswith("time stamps: 2;")
    own = (tsa.folder / "tsa.pem").read_text()
    lifted = verify(bundle.file, policy=log.signer.policy_text, tsa=own)
    assert lifted.verdict.startswith("ANCHORED (time-stamped ")
    assert lifted.verdict.endswith(f", leaves below {second})")
    assert bundle.read(f"anchors/{first}.txt").decode() == Checkpoint.objects.get(size=first).note


def test_a_stamp_of_another_checkpoint_is_found(log: Log, tsa: Authority) -> None:
    opened("1")
    first = anchored(log, tsa)
    opened("1")
    second = anchored(log, tsa)
    bundle = log.bundle(on_recording("1"))
    swapped = bundle.changed({f"anchors/{first}.tsr": bundle.read(f"anchors/{second}.tsr")})
    result = verify(swapped, policy=log.signer.policy_text)
    assert {check.name for check in result.checks if check.state == "fail"} == {"anchors"}


@pytest.mark.parametrize(
    ("sizes", "leaves", "expected"),
    [
        ([], [0, 5], []),
        ([3, 6, 9], [4], [3, 6, 9]),  # between 3 and 6; 9 is the newest
        ([3, 6, 9, 12], [0], [3, 12]),
        ([3, 6, 9, 12], [11], [9, 12]),
        ([3, 6, 9, 12], [12, 40], [12]),
        ([3, 6, 9, 12], [2, 3], [3, 6, 12]),
        (list(range(1, 1001)), list(range(1000)), [1 + at * 999 // 99 for at in range(100)]),
    ],
)
def test_each_leaf_has_the_stamps_before_and_after_it(
    sizes: list[int], leaves: list[int], expected: list[int]
) -> None:
    assert _neighbours(sizes, leaves) == expected
