"""Proofs out of the database: of one event, and that the log only grew; every size, tiles full and partial."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from auditportal.embedded import Services
from recordings.models import AuditEvent, Checkpoint, Leaf
from recordings.proof.evidence.check.verify_audit import verify
from recordings.proof.evidence.errors import LogBroken
from recordings.proof.evidence.leaves import tiles
from recordings.proof.evidence.proofs import NotSealedYet, consistency, event_proof
from recordings.tlog import merkle
from recordings.tlog.proof import parse_proof
from tests.integration.proof.evidence.bundles import Log, make_log, opened, ref_of
from tests.sealing import write_events

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def log(services: Services, settings: Any, tmp_path: Path) -> Log:
    return make_log(services, settings, tmp_path)


def hashes() -> list[bytes]:
    return [bytes(one) for one in Leaf.objects.order_by("n").values_list("hash", flat=True)]


def test_the_proof_of_one_event_stands_alone(log: Log, tmp_path: Path) -> None:
    opened("1", label="דנה מרלו")
    opened("2")
    log.seal()
    event = AuditEvent.objects.get(target_ref=ref_of("1"))
    text = event_proof(event.event_id)
    proof = parse_proof(text)
    assert proof.index == 1
    assert json.loads(proof.extra)["body"].encode() == bytes(event.body)
    assert json.loads(proof.extra)["reveal"]["object.label"]["value"] == "דנה מרלו"
    (tmp_path / "event.tlog-proof").write_text(text)
    result = verify(tmp_path / "event.tlog-proof", policy=log.signer.policy_text)
    assert [check for check in result.checks if check.state == "fail"] == []


def test_a_proof_leads_to_the_newest_checkpoint_or_to_the_one_that_is_asked_for(log: Log) -> None:
    opened("1")
    first = log.seal()
    opened("2")
    second = log.seal()
    event_id = AuditEvent.objects.get(target_ref=ref_of("1")).event_id
    for proof, size in ((event_proof(event_id), second), (event_proof(event_id, first), first)):
        assert parse_proof(proof).note.split("\n")[1] == str(size)


def test_a_checkpoint_with_a_witness_is_preferred(services: Services, settings: Any, tmp_path: Path) -> None:
    log = make_log(services, settings, tmp_path, witnesses=("internal-audit",))
    opened("1")
    witnessed = log.seal()
    opened("2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log.signer, "witnesses", {})
        newest = log.seal()
    assert newest > witnessed
    old, new = (AuditEvent.objects.get(target_ref=ref_of(n)).event_id for n in ("1", "2"))
    assert parse_proof(event_proof(old)).note.split("\n")[1] == str(witnessed)
    assert parse_proof(event_proof(new)).note.split("\n")[1] == str(newest)


def test_what_is_not_sealed_has_no_proof_yet(log: Log) -> None:
    opened("1")
    log.seal()
    opened("2")
    first, second = AuditEvent.objects.filter(kind="recording.opened").order_by("id")
    for event_id, size in ((second.event_id, None), (uuid4(), None), (first.event_id, 1)):
        with pytest.raises(NotSealedYet):
            event_proof(event_id, size)


@pytest.mark.slow
def test_every_size_and_leaf_out_of_the_database(log: Log) -> None:
    """600 leaves: two full tiles and a partial one, on two levels."""
    write_events(log.services, 599)
    assert log.seal() == 600
    listed = hashes()
    for size in (1, 2, 255, 256, 257, 511, 512, 513, 599, 600):
        tree = tiles(connection, size)
        root = merkle.root(listed[:size])
        assert tree.root() == root
        for n in {0, 1, 254, 255, 256, 511, 512, size - 1}:
            if n < size:
                merkle.check_inclusion(listed[n], n, size, tree.inclusion_path(n), root)
        for old in (1, 255, 256, 300, 512, size):
            if old <= size:
                path = consistency(old, size)
                merkle.check_consistency(old, merkle.root(listed[:old]), size, root, path)


def test_consistency_between_what_was_signed(log: Log) -> None:
    for number in range(4):
        opened(str(number))
        log.seal()
    signed = [(one.size, bytes(one.root)) for one in Checkpoint.objects.order_by("size")]
    for at, (old, old_root) in enumerate(signed):
        for new, new_root in signed[at:]:
            merkle.check_consistency(old, old_root, new, new_root, consistency(old, new))


def test_a_tile_that_is_gone_is_said_so(log: Log, admin_connection: psycopg.Connection[Any]) -> None:
    write_events(log.services, 300)
    size = log.seal()
    admin_connection.execute("ALTER TABLE audit.tile DISABLE TRIGGER ALL")
    admin_connection.execute("DELETE FROM audit.tile")
    with pytest.raises(LogBroken):
        tiles(connection, size).inclusion_path(0)
