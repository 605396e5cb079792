"""The seed of a sample comes from a real log: with witnesses, and without."""

from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, record
from recordings.reviews.plans.checkpoints import Seed, Waiting, seed_after
from recordings.sampling.draw import seed
from recordings.tlog.notes import WITNESS, SigningKey
from tests.sealing import Signer, seal_all, settings_for, signer_of

pytestmark = pytest.mark.django_db(transaction=True)


def frozen(services: Services, settings: Any, folder: Path, witnesses: list[str]) -> tuple[UUID, Signer]:
    signer = signer_of(services, witnesses=witnesses)
    for name, value in settings_for(services, signer, folder).items():
        setattr(settings, name, value)
    seal_all(services, manifest=True)
    return record(Kind.SAMPLE_FROZEN, by=Actor.system("plans")), signer


def manifests(admin: psycopg.Connection[Any]) -> int:
    return admin.execute("SELECT count(*) FROM audit.event WHERE kind = 'heads.manifest'").fetchall()[0][0]


def test_the_first_manifest_after_the_freezing_gives_the_cosignatures_of_the_quorum(
    services: Services, settings: Any, tmp_path: Path, admin_connection: psycopg.Connection[Any]
) -> None:
    event, signer = frozen(services, settings, tmp_path, ["North", "South"])
    assert seed_after(event) is Waiting.NOT_SEALED
    before = manifests(admin_connection)
    size = seal_all(services)  # the freezing asks for a manifest
    assert manifests(admin_connection) == before + 1
    found = seed_after(event)
    assert isinstance(found, Seed)
    assert (found.size, found.origin, found.self_drawn) == (size, signer.origin, False)
    assert sorted(line.decode().split(" ")[1] for line in found.lines) == ["North.example", "South.example"]
    assert len(seed("0" * 64, found.lines)) == 32
    # Later manifests change nothing, and a missing cosignature is waited for.
    record(Kind.SEARCHED, by=Actor.system("plans"))
    seal_all(services, manifest=True)
    assert seed_after(event) == found
    third = SigningKey.generate("west.example", WITNESS).vkey
    settings.AUDIT_POLICY_FILE = tmp_path / "three.txt"
    lines = signer.policy_text.replace(
        "group everybody all", f"witness West {third}\ngroup everybody all West"
    )
    settings.AUDIT_POLICY_FILE.write_text(lines)
    assert seed_after(event) is Waiting.NO_QUORUM
    settings.AUDIT_POLICY_FILE = None
    assert seed_after(event) is Waiting.NO_LOG


def test_without_a_witness_in_the_policy_the_root_gives_the_seed(
    services: Services, settings: Any, tmp_path: Path
) -> None:
    event, signer = frozen(services, settings, tmp_path, [])
    seal_all(services)
    found = seed_after(event)
    assert isinstance(found, Seed)
    assert found.self_drawn
    assert len(found.lines) == 1
    assert len(seed("0" * 64, found.lines)) == 32
    assert found.origin == signer.origin
