"""Nothing leaves before the log holds it: AUDIT_RELEASE, and the limit on how far sealing may lag (A17, A19)."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from auditportal.embedded import Services
from recordings.exceptions import NotSealed, NotWitnessed
from recordings.models import AuditEvent, Viewing
from recordings.sealing import release
from recordings.sealing.lag import check_lag, lag
from tests.integration.playback.conftest import *  # noqa: F403  (the players' fixtures)
from tests.integration.playback.helpers import post, recorded, signed_in, start
from tests.integration.sealing.test_seal import kinds, rows
from tests.sealing import Signer, seal_all, settings_for, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signer(services: Services, settings: Any, tmp_path: Path) -> Signer:
    """A log with one witness, named in the portal's policy."""
    signer = signer_of(services, witnesses=["Internal-Audit"])
    for name, value in settings_for(services, signer, tmp_path).items():
        setattr(settings, name, value)
    return signer


@contextmanager
def sealing(services: Services, signer: Signer, witnessing: bool = True) -> Iterator[None]:
    """Seal, sign and cosign all the time, as the processes would."""
    stop = threading.Event()
    witnesses, signer.witnesses = signer.witnesses, signer.witnesses if witnessing else {}

    def work() -> None:
        while not stop.wait(0.02):
            seal_all(services, signer=signer)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        signer.witnesses = witnesses


def age(services: Services, seconds: int) -> None:
    """Make every unsealed event look older, as a superuser can."""
    import psycopg

    with psycopg.connect(services.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
        admin.execute(f"UPDATE audit.event SET recorded_at = recorded_at - interval '{seconds} seconds'")
        admin.execute("ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept")


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


def test_a_leaf_that_nobody_signed_is_not_enough(
    services: Services, signer: Signer, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.AUDIT_RELEASE = "sealed"
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.2)
    seal_all(services, signer=signer)
    (event,) = write_events(services, 1)
    import psycopg

    from recordings.sealing.seal import seal_batch

    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        assert seal_batch(sealer).count == 1
    started = time.monotonic()
    with pytest.raises(NotSealed):
        release.wait_released([UUID(event)])
    assert 0.2 <= time.monotonic() - started < 1


def test_a_quorum_that_is_not_met_is_not_enough(
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


def test_inside_a_transaction_waiting_would_be_for_ever(signer: Signer, settings: Any) -> None:
    settings.AUDIT_RELEASE = "sealed"
    with transaction.atomic(), pytest.raises(RuntimeError, match="Inside a transaction"):
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
    seal_all(services)
    write_events(services, 1)
    age(services, 10_000)
    assert lag().watched
    with pytest.raises(NotSealed):
        check_lag()


def test_a_silent_signer_is_behind_like_a_silent_sealer(services: Services, signer: Signer) -> None:
    import psycopg

    from recordings.sealing.seal import seal_batch

    seal_all(services, signer=signer)
    write_events(services, 3)
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        seal_batch(sealer)
    time.sleep(0.05)
    assert lag().count == 3
    assert lag().seconds >= 0.05


# --- in front of the player


@pytest.fixture
def noa(committed_db: None) -> Any:
    return signed_in("compliance_officer", username="noa.levi")


@pytest.fixture
def recording(committed_db: None, upstream: Any) -> Any:
    return recorded(upstream)


def refusals() -> list[tuple[str, str]]:
    found = (
        AuditEvent.objects.filter(kind="viewing.url_refused").order_by("id").values_list("body", flat=True)
    )
    import json

    return [
        (json.loads(bytes(body))["action_detail"]["reason"], json.loads(bytes(body))["outcome"])
        for body in found
    ]


def has_url(response: Any) -> bool:
    text = response.content.decode() + str(response.headers)
    return "X-Amz-" in text or "x-grant" in text or "<video" in text


@pytest.mark.parametrize("mode", ["sealed", "witnessed"])
def test_a_viewing_begins_and_goes_on_while_the_log_takes_it_up(
    noa: Any, recording: Any, services: Services, signer: Signer, settings: Any, mode: str
) -> None:
    settings.AUDIT_RELEASE = mode
    with sealing(services, signer):
        assert has_url(start(noa, recording))
        Viewing.objects.update(url_issued_at=None)
        assert post(noa, Viewing.objects.get(), "url").status_code == 200
    assert [kind for kind in kinds(services) if kind.startswith("viewing.url_")] == [
        "viewing.url_issued",
        "viewing.url_renewed",
    ]


@pytest.mark.parametrize(("mode", "reason"), [("sealed", "not_sealed"), ("witnessed", "not_witnessed")])
def test_no_url_leaves_when_the_log_does_not_take_it_up(
    noa: Any, recording: Any, services: Services, signer: Signer, settings: Any,
    monkeypatch: pytest.MonkeyPatch, mode: str, reason: str,
) -> None:  # fmt: skip
    """A17: whoever deletes the event before it is sealed deletes a viewing that did not happen."""
    settings.AUDIT_RELEASE = mode
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.3)
    if mode == "witnessed":
        with sealing(services, signer, witnessing=False):
            response = start(noa, recording)
    else:
        response = start(noa, recording)
    assert response.status_code == 503
    assert not has_url(response)
    assert "so nothing is given out" in response.content.decode()
    assert refusals() == [(reason, "error")]
    assert Viewing.objects.get().ended_at


def test_a_url_is_not_renewed_either(
    noa: Any,
    recording: Any,
    services: Services,
    signer: Signer,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.AUDIT_RELEASE = "sealed"
    with sealing(services, signer):
        assert has_url(start(noa, recording))
    Viewing.objects.update(url_issued_at=None)
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.2)
    response = post(noa, Viewing.objects.get(), "url")
    assert response.status_code == 503
    assert not has_url(response)
    assert refusals() == [("not_sealed", "error")]
    assert Viewing.objects.get().ended_at is None  # it may go on once the log does


@pytest.mark.parametrize("mode", ["durable", "sealed", "witnessed"])
def test_a_stopped_sealer_closes_the_portal_whatever_the_mode(
    noa: Any, recording: Any, services: Services, signer: Signer, settings: Any, mode: str
) -> None:
    """A19: stopping the sealer must not widen the window in which an event can be made away with."""
    settings.AUDIT_RELEASE = mode
    write_events(services, 1)
    age(services, settings.AUDIT_LAG_LIMIT_SECONDS + 1)
    response = start(noa, recording)
    assert response.status_code == 503
    assert not has_url(response)
    assert refusals() == [("not_sealed", "error")]
    assert AuditEvent.objects.filter(kind="viewing.url_issued").count() == 0
    with sealing(services, signer):
        while lag().count:
            time.sleep(0.02)
        assert has_url(start(noa, recording))
    connection.close()
