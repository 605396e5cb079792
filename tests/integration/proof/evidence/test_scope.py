"""Entries of the log are a range, which cannot be limited; checkpoints and hash tiles are served as before."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from auditportal.accounts.models import Grant
from auditportal.embedded import Services
from recordings.models import AuditEvent
from tests.factories import person
from tests.integration.proof.evidence.bundles import make_log, opened

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def size(services: Services, settings: Any, tmp_path: Path) -> int:
    log = make_log(services, settings, tmp_path)
    opened("1")
    log.seal(manifest=True)
    from recordings.models import Checkpoint

    return Checkpoint.objects.latest("size").size


def signed_in(**scope: Any) -> Client:
    user = person()
    Grant.objects.create(user=user, role="external_auditor", **scope)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", ["000.p/{}", "999", "nonsense"])
def test_entries_need_a_permission_without_scope(size: int, path: str) -> None:
    limited, whole = signed_in(channels=[7]), signed_in()
    address = f"/log/tile/entries/{path.format(size)}"
    refused = limited.get(address)
    assert refused.status_code == 403
    assert "cannot be limited to a scope" in refused.content.decode()
    assert whole.get(address).status_code == (200 if "p/" in path else 404)
    denied = AuditEvent.objects.get(kind="access.denied")
    assert b"read_trail_without_scope" in bytes(denied.body)


def test_what_names_nothing_stays_open(size: int) -> None:
    limited = signed_in(channels=[7])
    for address in (
        "/log/checkpoint",
        f"/log/tile/0/000.p/{size}",
        "/audit/checkpoints/",
        f"/audit/checkpoints/{size}/",
        f"/audit/checkpoints/{size}/note",
        f"/audit/checkpoints/{size}/from/1",
        "/audit/outside/",
        "/audit/witnesses/",
        "/audit/compare/",
        "/audit/verify/",
        "/audit/strip/",
    ):
        assert limited.get(address).status_code == 200, address
