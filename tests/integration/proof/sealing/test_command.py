"""manage.py seal_trail as an operator runs it: what it refuses, what it prints, how it ends."""

import json
import time
from pathlib import Path

import pytest

from auditportal.embedded import Services
from tests.integration.proof.sealing.processes import ORIGIN, Trail, running
from tests.integration.proof.sealing.test_seal import check_log, rows
from tests.sealing import write_events
from tests.waiting import wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def trail(services: Services, tmp_path: Path) -> Trail:
    return Trail(services, tmp_path)


@pytest.mark.parametrize("missing", ["AUDIT_ORIGIN", "AUDIT_SIGNER_SOCKET", "DATABASE_SEALER_URL"])
def test_it_refuses_with_a_sentence_when_a_setting_is_missing(trail: Trail, missing: str) -> None:
    done = trail.seal("--once", **{missing: ""})
    assert done.returncode == 1
    assert done.stderr.startswith(f"CommandError: Set {missing}: the sealer needs it")


def test_without_a_signer_nothing_is_opened(trail: Trail) -> None:
    done = trail.seal("--once")
    assert done.returncode == 1
    assert "No such file" in done.stderr
    assert rows(trail.services, "SELECT count(*) FROM audit.log_head") == [(0,)]


def test_once_seals_the_committed_events(trail: Trail) -> None:
    write_events(trail.services, 3)
    with running(trail.signer()):
        done = trail.seal("--once")
    assert (done.returncode, done.stdout) == (0, "The log has 4 leaves, all signed.\n"), done.stderr
    assert check_log(trail.services) == 4


def test_it_seals_events_as_they_come_and_ends_on_sigterm(trail: Trail, tmp_path: Path) -> None:
    log = tmp_path / "sealer.log"
    with running(trail.signer()), running(trail.sealer(log)) as sealer:
        for number in range(1, 4):
            write_events(trail.services, 5)
            wait_for(lambda n=number: signed_size(trail.services) == 1 + 5 * n)
        time.sleep(0.5)  # let it become idle, as it usually is
        sealer.terminate()
        assert sealer.wait(60) == 0
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["sealer started", "log opened", "sealer stopped"]
    assert check_log(trail.services) == 16


def signed_size(services: Services) -> int:
    ((size,),) = rows(services, "SELECT coalesce(max(size), 0) FROM audit.checkpoint")
    return int(size)


def test_a_log_with_another_name_is_refused(trail: Trail) -> None:
    with running(trail.signer()):
        assert trail.seal("--once").returncode == 0
        done = trail.seal("--once", AUDIT_ORIGIN="other.example/log")
    assert done.returncode == 1
    assert f"AUDIT_ORIGIN is other.example/log, but the log in this database is {ORIGIN}" in done.stderr
