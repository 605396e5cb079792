"""The verification of a real log: what holds is said to hold, and what was changed by whoever could is named."""

import pytest

from auditportal.embedded import Services
from recordings.verification import verify as conductor
from tests.integration.verification.helpers import failed, verified
from tests.sealing import seal_all, signer_of, write_events

NAMES = [
    "bodies", "columns", "entries", "leaves", "tiles", "root", "opening", "checkpoints", "signatures", "cosignatures",
    "heads", "manifests", "unsealed", "restored", "incidents", "guards",
]  # fmt: skip


@pytest.fixture
def log(committed_db: None, services: Services) -> Services:
    """A log of some hundred leaves, several checkpoints and manifests, a witness."""
    signer_of(services, witnesses=["auditor"])
    for number in range(6):
        write_events(services, 120, actor=f"user:{number % 2}", target=f"recording:{number % 3}")
        write_events(services, 3, actor="system:refresh", target="")
        seal_all(services, manifest=number % 2 == 0)
    return services


def test_a_log_that_nobody_touched_holds(log: Services) -> None:
    result = verified(log)
    assert [check.name for check in result.checks] == NAMES
    assert (result.ok, failed(result), result.problem) == (True, [], None)
    assert (result.events, result.leaves) == (742, 742)


def test_an_empty_database_holds(committed_db: None, services: Services) -> None:
    result = verified(services)
    assert (result.ok, result.events, result.leaves) == (True, 0, 0)


def test_two_processes_find_what_one_finds(log: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = verified(log)
    monkeypatch.setattr(conductor, "_WORTH_A_WORKER", 0)
    both = verified(log)
    assert [(check.name, check.ok, check.sentence) for check in both.checks] == [
        (check.name, check.ok, check.sentence) for check in alone.checks
    ]
