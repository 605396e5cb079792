"""Nothing leaves the server before the log holds it: AUDIT_RELEASE, and the limit on how far sealing may lag."""

import time
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction

from auditportal.embedded import Services
from recordings.audit.lag import check_lag, lag
from recordings.exceptions import NotSealed, NotWitnessed
from recordings.proof.sealing import release
from recordings.timed import forget_all
from tests.integration.proof.sealing.helpers import age, sealing
from tests.integration.proof.sealing.test_seal import rows
from tests.sealing import Signer, load_log, seal_all, seal_unsigned, settings_for, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signer(services: Services, settings: Any, tmp_path: Path) -> Signer:
    """A log with one witness, which the portal's policy names."""
    signer = signer_of(services, witnesses=["Internal-Audit"])
    for name, value in settings_for(services, signer, tmp_path).items():
        setattr(settings, name, value)
    return signer


def test_durable_waits_for_nothing(services: Services) -> None:
    with transaction.atomic():
        release.wait_released([UUID(write_events(services, 1)[0])])


@pytest.mark.parametrize("mode", ["sealed", "witnessed"])
def test_it_waits_until_the_log_holds_the_events(
    services: Services, signer: Signer, settings: Any, mode: str
) -> None:
    settings.AUDIT_RELEASE = mode
    ids = [UUID(found) for found in write_events(services, 3)]
    with sealing(services, signer):
        release.wait_released(ids)
    covered = "SELECT count(*) FROM audit.leaf WHERE n < (SELECT max(size) FROM audit.checkpoint)"
    assert rows(services, covered) == [(4,)]
    assert (mode == "witnessed") <= (rows(services, "SELECT count(*) FROM audit.cosignature") != [(0,)])


def test_an_unsigned_leaf_is_not_enough(
    services: Services, signer: Signer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_RELEASE = "sealed"
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.2)
    seal_all(services, signer=signer)
    (event,) = write_events(services, 1)
    import psycopg

    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        assert seal_unsigned(sealer, load_log(sealer, signer)).count == 1
    started = time.monotonic()
    with pytest.raises(NotSealed):
        release.wait_released([UUID(event)])
    assert time.monotonic() - started >= 0.2


def test_too_few_witnesses_are_not_enough(
    services: Services, signer: Signer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_RELEASE = "witnessed"
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.3)
    (event,) = write_events(services, 1)
    with sealing(services, signer, witnessing=False), pytest.raises(NotWitnessed):
        release.wait_released([UUID(event)])
    seal_all(services, signer=signer)
    release.wait_released([UUID(event)])
    settings.AUDIT_POLICY_FILE = None
    with pytest.raises(NotWitnessed, match="no trust policy"):
        release.wait_released([UUID(event)])


def test_waiting_inside_a_transaction_is_refused(signer: Signer, settings: Any) -> None:
    settings.AUDIT_RELEASE = "sealed"
    with transaction.atomic(), pytest.raises(RuntimeError, match="open transaction"):
        release.wait_released([])


# --- how far behind


def test_lag_counts_what_no_checkpoint_covers(services: Services, signer: Signer, settings: Any) -> None:
    assert (lag().watched, lag().count, lag().seconds, lag().alarming) == (True, 0, 0.0, False)
    write_events(services, 2)
    behind = lag()
    assert (behind.count, behind.alarming) == (2, False)
    assert 0 < behind.seconds < 10
    age(services, 40)
    assert lag().alarming
    check_lag()
    seal_all(services, signer=signer)
    assert (lag().count, lag().seconds) == (0, 0.0)


def test_without_a_log_nobody_is_behind(services: Services, settings: Any) -> None:
    settings.AUDIT_ORIGIN = ""
    write_events(services, 1)
    age(services, 10_000)
    assert (lag().watched, lag().alarming) == (False, False)
    check_lag()


def test_without_a_policy_no_checkpoint_counts(services: Services, signer: Signer, settings: Any) -> None:
    """A portal that keeps a log must name the log's key: a checkpoint that cannot be verified covers nothing."""
    seal_all(services, signer=signer)
    write_events(services, 1)
    seal_all(services, signer=signer)
    age(services, settings.AUDIT_LAG_LIMIT_SECONDS + 1)
    check_lag()
    settings.AUDIT_POLICY_FILE = None
    assert lag().count == 2
    forget_all()
    with pytest.raises(NotSealed):
        check_lag()


def test_lag_counts_events_without_a_signature_too(services: Services, signer: Signer) -> None:
    import psycopg

    seal_all(services, signer=signer)
    write_events(services, 3)
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        seal_unsigned(sealer, load_log(sealer, signer))
    time.sleep(0.05)
    assert lag().count == 3
    assert lag().seconds >= 0.05
