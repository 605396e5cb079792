"""Every committed event becomes one leaf, in order, and the root of their tree is signed."""

import json
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.sealing.entries import Leaf, parse_leaf
from recordings.proof.sealing.tags import key_commitment
from recordings.tlog import merkle
from tests.sealing import event_body, load_log, seal_all, seal_unsigned, signer_of, write_bodies, write_events

pytestmark = pytest.mark.django_db(transaction=True)


def rows(services: Services, query: str, *given: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(services.admin_url) as connection:
        return connection.execute(query, given).fetchall()  # type: ignore[call-overload,no-any-return]


def leaves(services: Services) -> list[Leaf]:
    return [parse_leaf(bytes(data)) for (data,) in rows(services, "SELECT entry FROM audit.leaf ORDER BY n")]


def kinds(services: Services) -> list[str]:
    found = rows(services, "SELECT kind FROM audit.leaf l JOIN audit.event e ON e.id = l.event_no ORDER BY n")
    return [kind for (kind,) in found]


def check_log(services: Services) -> int:
    """Check everything that must hold of any log, computed from the leaves alone; returns its size."""
    stored = rows(services, "SELECT n, event_no, event_id::text, entry, hash FROM audit.leaf ORDER BY n")
    found = [parse_leaf(bytes(entry), number) for _, number, _, entry, _ in stored]
    assert [(leaf.n, leaf.event_id, leaf.hash) for leaf in found] == [
        (n, event_id, bytes(hashed)) for n, _, event_id, _, hashed in stored
    ]
    assert [leaf.n for leaf in found] == list(range(len(found)))
    for name in ("act", "obj", "par"):
        recounted: dict[bytes, tuple[int, int | None]] = {}
        for leaf in found:
            if place := getattr(leaf, name):
                count, last = recounted.get(place.tag, (0, None))
                assert (place.n, place.prev) == (count + 1, last)
                recounted[place.tag] = (count + 1, leaf.n)
    hashes = [leaf.hash for leaf in found]
    for size, root in rows(services, "SELECT size, root FROM audit.checkpoint"):
        assert merkle.root(hashes[:size]) == bytes(root)
    check_tiles(services, hashes)
    return len(found)


def check_tiles(services: Services, hashes: list[bytes]) -> None:
    expected, level = {}, 0
    while len(hashes) >= 256:
        full = [hashes[at : at + 256] for at in range(0, len(hashes) - 255, 256)]
        expected |= {(level, at): b"".join(tile) for at, tile in enumerate(full)}
        hashes, level = [merkle.root(tile) for tile in full], level + 1
    stored = rows(services, "SELECT level, position, hashes FROM audit.tile")
    assert {(level, at): bytes(found) for level, at, found in stored} == expected


def test_the_first_run_opens_the_log_and_seals_existing_events(services: Services) -> None:
    ids = write_events(services, 3)
    assert seal_all(services) == 4
    assert [leaf.event_id for leaf in leaves(services)[1:]] == ids
    assert kinds(services) == ["log.opened", *["recording.opened"] * 3]
    assert check_log(services) == 4
    signer = signer_of(services)
    ((body, key),) = rows(
        services, "SELECT body, tag_key FROM audit.log_head, audit.event WHERE kind = 'log.opened'"
    )
    detail = json.loads(body)["action_detail"]
    assert detail == {"origin": signer.origin, "tag_key_sha256": key_commitment(bytes(key))}
    ((note,),) = rows(services, "SELECT note FROM audit.checkpoint WHERE size = 4")
    assert signer.policy.check(note).checkpoint.size == 4


def test_leaves_follow_the_order_of_the_numbers_in_batches_that_fill_tiles(services: Services) -> None:
    write_bodies(services, [event_body(f"user:{at % 7}", f"recording:{at % 5}") for at in range(700)])
    assert seal_all(services, manifest=True) == 702
    assert check_log(services) == 702
    numbers = rows(services, "SELECT event_no FROM audit.leaf WHERE n BETWEEN 1 AND 700 ORDER BY n")
    assert numbers == sorted(numbers)
    assert kinds(services)[-1] == "heads.manifest"


def test_without_new_events_nothing_changes(services: Services) -> None:
    write_events(services, 2)
    assert seal_all(services) == seal_all(services) == 3
    assert rows(services, "SELECT size FROM audit.checkpoint") == [(3,)]


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_the_log_does_not_depend_on_the_batch_size(services: Services, limit: int) -> None:
    seal_all(services)
    write_events(services, 7)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        counts, log = [], load_log(connection)
        while (sealed := seal_unsigned(connection, log, limit=limit)).count:
            counts.append(sealed.count)
            assert sealed.full == (sealed.count == limit)
    assert sum(counts) == 7
    assert check_log(services) == 8
