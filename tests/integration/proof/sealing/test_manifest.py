"""The heads manifest: what it counts, when it is written, and that a checkpoint of exactly its size is signed."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import psycopg
import pymerkle
import pytest
import time_machine

from auditportal.embedded import Services
from recordings.proof.sealing.entries import parse_leaf, stamp
from recordings.proof.sealing.heads import Heads
from recordings.proof.sealing.signing import Signing
from recordings.proof.sealing.tags import tag
from recordings.tlog.merkle import check_inclusion
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
from tests.sealing import event_body, load_log, seal_all, seal_unsigned, signer_of, write_bodies, write_events

pytestmark = pytest.mark.django_db(transaction=True)

BUNDLE = {"type": "export.requested", "action_detail": {"format": "bundle"}}


def manifest(services: Services) -> dict[str, int | str]:
    ((body,),) = rows(
        services, "SELECT body FROM audit.event WHERE kind = 'heads.manifest' ORDER BY id DESC LIMIT 1"
    )
    return dict(json.loads(body)["action_detail"])


def recount(services: Services, name: str, upto: int) -> list[bytes]:
    """Compute the bytes of the heads independently: entry by entry, with the standard library's JSON."""
    found: dict[str, dict[str, int | str]] = {}
    for (data,) in rows(services, "SELECT entry FROM audit.leaf WHERE n < %s ORDER BY n", upto):
        fields = json.loads(data)
        if name in fields:
            count = int(found.get(fields[name], {"count": 0})["count"]) + 1
            found[fields[name]] = {"count": count, "last": fields["n"], "tag": fields[name]}
    return [json.dumps(found[each], separators=(",", ":"), sort_keys=True).encode() for each in sorted(found)]


def independent_root(entries: list[bytes]) -> str:
    tree = pymerkle.InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return str(tree.get_root().hex())


def test_it_equals_an_independent_count(services: Services) -> None:
    objects_of = [{"ref": f"recording:{at % 9}", "parent": f"object:{at % 2}"} for at in range(50)]
    write_bodies(services, [event_body(f"user:{at % 4}", object=one) for at, one in enumerate(objects_of)])
    size = seal_all(services, manifest=True)
    fields = manifest(services)
    objects, parents, actors = (recount(services, name, size - 1) for name in ("obj", "par", "act"))
    times = rows(services, "SELECT max(recorded_at) FROM audit.event WHERE kind <> 'heads.manifest'")
    closed_until = str(fields.pop("closed_until"))
    assert fields == {
        "upto": size - 1,
        "objects_n": 9,
        "objects_root": independent_root(objects),
        "parents_n": 2,
        "parents_root": independent_root(parents),
        "actors_n": 5,  # four people, and the sealer
        "actors_root": independent_root(actors),
        "parents_from": 0,
        "newest": stamp(times[0][0]),
        "late_n": 0,
    }
    ((written,),) = rows(services, "SELECT recorded_at FROM audit.event WHERE kind = 'heads.manifest'")
    assert stamp(written - timedelta(seconds=75)) < closed_until <= stamp(written - timedelta(seconds=60))
    assert rows(services, "SELECT max(size) FROM audit.checkpoint") == [(size,)]


@pytest.mark.parametrize("trigger", [BUNDLE, {"type": "supervision.sample_frozen"}], ids=["bundle", "frozen"])
def test_a_bundle_or_a_frozen_population_triggers_one_and_sealing_waits_until_it_is_signed(
    services: Services, trigger: dict[str, Any]
) -> None:
    seal_all(services)
    write_events(services, 2)
    write_events(services, 1, **trigger)
    write_events(services, 1, type="export.requested", action_detail={"format": "csv"})
    signer = signer_of(services)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_log(connection, signer)
        sealed = seal_unsigned(connection, log)
        assert (sealed.count, sealed.manifest) == (5, True)
        write_events(services, 3)
        blocked = seal_unsigned(connection, log)
        assert (blocked.size, blocked.count, blocked.unsigned) == (sealed.size, 0, True)
        assert Signing(signer, [signer.key.verifier]).sign_and_publish(connection, log) == sealed.size
        assert seal_unsigned(connection, log).count == 3
    assert manifest(services)["upto"] == sealed.size - 1
    assert kinds(services)[sealed.size - 1] == "heads.manifest"
    assert check_log(services) == sealed.size + 3


def test_after_a_crash_before_the_signature_the_next_sealer_has_it_signed(services: Services) -> None:
    write_events(services, 1, **BUNDLE)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        size = seal_unsigned(connection, load_log(connection, signer_of(services))).size
    write_events(services, 4)
    assert seal_all(services) == size + 4
    assert rows(services, "SELECT min(size) FROM audit.checkpoint") == [(size,)]


def test_one_is_written_every_hour_unless_the_log_ends_with_one(services: Services) -> None:
    write_events(services, 1)
    assert seal_all(services) == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=59), tick=True):
        assert seal_all(services) == 2
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61), tick=True):
        assert seal_all(services) == 3
        assert seal_all(services) == 3
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=5), tick=True):
        assert seal_all(services, manifest=True) == 3
        write_events(services, 1)
        assert seal_all(services) == 5
    assert kinds(services)[2:] == ["heads.manifest", "recording.opened", "heads.manifest"]


def test_heads_prove_the_newest_view_and_that_there_is_none(services: Services) -> None:
    write_bodies(services, [event_body("user:1", f"recording:{at}") for at in (1, 2, 3, 1)])
    size = seal_all(services, manifest=True)
    ((key,),) = rows(services, "SELECT tag_key FROM audit.log_head")
    with psycopg.connect(services.sealer_url) as connection:
        heads = Heads.counted(connection.cursor(), "obj", size - 1)
        older = Heads.counted(connection.cursor(), "obj", 3)
    root = bytes.fromhex(str(manifest(services)["objects_root"]))
    first = heads.find(tag(bytes(key), "obj", "recording:1"))
    assert first
    assert (first.head.count, first.head.last) == (2, 4)
    leaf = sha256(b"\0" + first.head.data()).digest()
    check_inclusion(leaf, first.index, len(heads.heads), first.path, root)
    assert len(older.heads) == 2

    for number in range(30):
        nobody = tag(bytes(key), "obj", f"recording:nobody-{number}")
        assert heads.find(nobody) is None
        left, right = heads.neighbours(nobody)
        for side in filter(None, (left, right)):
            leaf = sha256(b"\0" + side.head.data()).digest()
            check_inclusion(leaf, side.index, len(heads.heads), side.path, root)
        assert left is None or left.head.tag < nobody
        assert right is None or right.head.tag > nobody
        assert (right.index if right else 3) - (left.index if left else -1) == 1
    with pytest.raises(ValueError, match="has leaves"):
        heads.neighbours(first.head.tag)


def test_an_event_without_an_object_counts_for_its_actor_only(services: Services) -> None:
    write_events(services, 1, target="")
    seal_all(services)
    ((data,),) = rows(services, "SELECT entry FROM audit.leaf WHERE n = 1")
    leaf = parse_leaf(bytes(data))
    assert leaf.obj is None
    assert leaf.act.n == 1
    assert leaf.par is None
