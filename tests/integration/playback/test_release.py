"""No URL leaves before the log holds its issue: AUDIT_RELEASE at the player, and a stopped sealer."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from auditportal.embedded import Services
from recordings.audit.lag import lag
from recordings.models import AuditEvent, Viewing
from recordings.proof.sealing import release
from tests.integration.playback.helpers import post, recorded, signed_in, start
from tests.integration.proof.sealing.helpers import age, sealing
from tests.integration.proof.sealing.test_seal import kinds
from tests.sealing import Signer, settings_for, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signer(services: Services, settings: Any, tmp_path: Path) -> Signer:
    """A log with one witness, named in the portal's policy."""
    signer = signer_of(services, witnesses=["Internal-Audit"])
    for name, value in settings_for(services, signer, tmp_path).items():
        setattr(settings, name, value)
    return signer


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
    """Deleting the event before it is sealed hides no viewing: there was none."""
    settings.AUDIT_RELEASE = mode
    monkeypatch.setattr(release, "WAIT_SECONDS", 0.3)
    if mode == "witnessed":
        with sealing(services, signer, witnessing=False):
            response = start(noa, recording)
    else:
        response = start(noa, recording)
    assert response.status_code == 503
    assert not has_url(response)
    assert "so nothing is issued" in response.content.decode()
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
    """Stopping the sealer must not give more time to delete an event."""
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
