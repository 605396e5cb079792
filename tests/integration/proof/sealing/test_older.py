"""A log that began with version 1 of the entries continues, and records the leaf from which parents are named."""

import json
from typing import Any

import pytest

from auditportal.embedded import Services
from recordings.proof.sealing import batch
from recordings.proof.sealing.entries import entry
from recordings.proof.verification.verify import verify
from tests.integration.proof.sealing.test_seal import check_log, rows
from tests.sealing import event_body, seal_all, signer_of, write_bodies, write_events

pytestmark = pytest.mark.django_db(transaction=True)

WITH_PARENT = {"object": {"ref": "recording:1", "kind": "recording", "parent": "object:1"}}


@pytest.fixture
def older(services: Services, monkeypatch: pytest.MonkeyPatch) -> int:
    """Six leaves in the old format, a manifest among them."""

    def of_version_1(**given: Any) -> bytes:
        return entry(**(given | {"version": 1, "par": None, "late": False}))

    def then(batch: batch.Batch, _: str) -> dict[str, int | str]:
        fields = now(batch, _)
        return {
            name: fields[name] for name in ("upto", "objects_n", "objects_root", "actors_n", "actors_root")
        }

    now = batch.Batch.manifest_detail
    with monkeypatch.context() as patch:
        patch.setattr(batch, "entry", of_version_1)
        patch.setattr(batch.Batch, "manifest_detail", then)
        write_events(services, 3)
        assert seal_all(services, manifest=True) == 5
        write_events(services, 1)
        return seal_all(services)


def test_the_next_leaves_name_parents(services: Services, older: int) -> None:
    write_bodies(services, [event_body(**WITH_PARENT), event_body(**WITH_PARENT)])
    assert seal_all(services, manifest=True) == older + 3
    entries = [json.loads(data) for (data,) in rows(services, "SELECT entry FROM audit.leaf ORDER BY n")]
    assert [fields["v"] for fields in entries] == [1] * older + [2] * 3
    assert [fields.get("par_n") for fields in entries] == [None] * older + [1, 2, None]
    ((body,),) = rows(
        services, "SELECT body FROM audit.event WHERE kind = 'heads.manifest' ORDER BY id DESC LIMIT 1"
    )
    fields = json.loads(body)["action_detail"]
    assert (fields["parents_from"], fields["parents_n"]) == (older, 1)
    assert rows(services, "SELECT parents_from FROM audit.log_head") == [(older,)]
    check_log(services)


def test_it_verifies(services: Services, older: int) -> None:
    policy = signer_of(services).policy
    assert [check.name for check in verify(services.database_url, policy=policy).checks if not check.ok] == []
    write_bodies(services, [event_body(**WITH_PARENT)])
    seal_all(services, manifest=True)
    result = verify(services.database_url, policy=policy, every_manifest=True)
    assert (result.problem, result.ok) == (None, True)


def test_an_older_entry_among_newer_ones_is_named(
    services: Services, older: int, admin_connection: Any
) -> None:
    write_events(services, 4)
    seal_all(services)
    admin_connection.execute("ALTER TABLE audit.leaf DISABLE TRIGGER ALL")
    admin_connection.execute(
        "UPDATE audit.leaf SET entry = b, hash = sha256('\\x00'::bytea || b) FROM (SELECT replace("
        "convert_from(entry, 'UTF8'), '\"v\":2', '\"v\":1')::bytea AS b FROM audit.leaf WHERE n = %s) AS x"
        " WHERE n = %s",
        [older + 2, older + 2],
    )
    result = verify(services.database_url, policy=signer_of(services).policy)
    assert "entries" in [check.name for check in result.checks if not check.ok]
