"""A log that was restored from its published copy, or continued under its next name, passes the verification."""

from pathlib import Path

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.verification.findings import Verification
from recordings.proof.verification.verify import verify
from tests.integration.proof.sealing.test_start import (  # noqa: F401  (fixtures among them)
    Backup,
    backup,
    begin,
    lost,
    restore,
    sealer,
    signer,
)
from tests.integration.proof.verification.helpers import failed
from tests.sealing import Signer, write_events

pytestmark = pytest.mark.django_db(transaction=True)


def verified(services: Services, signer: Signer) -> Verification:  # noqa: F811
    return verify(services.database_url, policy=signer.policy, every_manifest=True)


def line(result: Verification, name: str) -> str:
    (sentence,) = [check.sentence for check in result.checks if check.name == name]
    return sentence


def test_leaves_may_be_restored_without_their_events(services: Services, signer: Signer, lost: Path) -> None:  # noqa: F811
    restore(services, signer, lost)
    write_events(services, 2, target="recording:3")
    sealer(services, signer).once()
    result = verified(services, signer)
    assert (failed(result), result.problem) == ([], None)
    assert line(result, "restored").startswith("400 leaves")
    assert (result.events, result.leaves) == (304, 704)


def test_but_no_more_of_them_than_the_log_records(services: Services, signer: Signer, lost: Path) -> None:  # noqa: F811
    """Deleting an event and marking its leaf as restored is found, before the restored range and within it."""
    restore(services, signer, lost)
    write_events(services, 2, target="recording:3")
    sealer(services, signer).once()
    with psycopg.connect(services.admin_url, autocommit=True) as superuser:
        superuser.execute(
            "ALTER TABLE audit.event DISABLE TRIGGER ALL; ALTER TABLE audit.leaf DISABLE TRIGGER ALL"
        )
        superuser.execute("DELETE FROM audit.event WHERE id = (SELECT event_no FROM audit.leaf WHERE n = 40)")
        superuser.execute("UPDATE audit.leaf SET event_no = NULL WHERE n = 40")
    result = verified(services, signer)
    assert failed(result) == ["restored", "guards"]
    assert result.problem is not None
    assert result.problem.n == 40


def test_a_new_epoch_passes(services: Services, signer: Signer, lost: Path) -> None:  # noqa: F811
    begin(services, signer)
    write_events(services, 2)
    sealer(services, signer).once()
    result = verified(services, signer)
    assert (failed(result), result.problem) == ([], None)
    assert line(result, "opening") == f"{signer.origin}/2, 2 epochs"


def test_a_checkpoint_with_another_epochs_name_is_found(
    services: Services,
    signer: Signer,  # noqa: F811
    lost: Path,  # noqa: F811
) -> None:
    begin(services, signer)
    sealer(services, signer).once()
    with psycopg.connect(services.admin_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE audit.checkpoint DISABLE TRIGGER ALL")
        superuser.execute("UPDATE audit.checkpoint SET origin = origin || '/2' WHERE size = 300")
    assert failed(verified(services, signer)) == ["checkpoints", "signatures", "guards"]
