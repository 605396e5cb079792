"""Attacks T8–T11 and T13 on the sealer: events, leaves and keys that a hostile login can write.

What is done here is done with plain SQL under the real logins. What only a superuser could do says so.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import ChainLink, Leaf, entry, stamp
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.tags import key_commitment, tag
from recordings.tlog.merkle import leaf_hash
from tests.integration.attacks.hostile import (
    Connection,
    date_back,
    failing,
    forged_own,
    incident_of,
    insert,
    lay,
    plant,
    record,
    sealer,
    stopped_with,
)
from tests.integration.proof.sealing.test_seal import check_log, rows
from tests.sealing import Signer, event_body, load_log, seal_all, seal_unsigned, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signer(services: Services) -> Signer:
    return signer_of(services)


@pytest.fixture
def web(services: Services) -> Iterator[Connection]:
    """The application's login, stolen."""
    with psycopg.connect(services.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def thief(services: Services) -> Iterator[Connection]:
    """The sealer's login, stolen. The sealer's memory, the signer and its key are not."""
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        yield connection


# --- T8: events that speak as the log does


FORGED = [
    (
        "heads.manifest",
        {"upto": 4, "objects_n": 0, "objects_root": "0" * 64, "actors_n": 0, "actors_root": "0" * 64},
    ),
    ("log.opened", {"origin": "audit.example.com/trail", "tag_key_sha256": "0" * 64}),
    ("sealer.incident", {"code": "event_altered", "sentence": "x", "settled": "nothing happened"}),
    ("search.run", {"words": 1}),
]


@pytest.mark.parametrize(("kind", "detail"), FORGED)
def test_T8_an_event_that_speaks_as_the_log_does_is_not_sealed(
    services: Services, signer: Signer, admin_connection: Connection, kind: str, detail: dict[str, Any]
) -> None:
    """A manifest that no sealer computed becomes the last leaf of a batch, and the signer signs it."""
    write_events(services, 3)
    seal_all(services)
    lay(admin_connection, forged_own(kind, detail))
    assert "no sealer wrote it" in str(stopped_with(services, signer, "own_event_foreign"))
    assert rows(services, "SELECT max(n) FROM audit.leaf") == [(3,)]

    assert sealer(services, signer).close_incidents("somebody had the sealer's password") == 1
    write_events(services, 1)
    sealer(services, signer).once()
    entries = [json.loads(data) for (data,) in rows(services, "SELECT entry FROM audit.leaf ORDER BY n")][4:]
    assert [said["y"] for said in entries] == [
        "sealer.incident", "sealer.incident", "event.malformed", "recording.opened",
    ]  # fmt: skip
    assert check_log(services) == 8
    assert failing(services, signer) == ["incidents"]  # the malformed one is told to people
    assert sealer(services, signer).close_incidents("looked at") == 1
    assert failing(services, signer) == []


# --- T9: heads


def test_T9_there_is_no_table_of_heads_to_edit(services: Services, thief: Connection) -> None:
    for table in ("object_head", "actor_head"):
        with pytest.raises(psycopg.errors.UndefinedTable):
            thief.execute(f"UPDATE audit.{table} SET count = count - 1")


def test_T9_a_manifest_without_the_newest_views_is_planted_before_a_sealer_starts(
    services: Services, signer: Signer, thief: Connection
) -> None:
    write_events(services, 5)
    seal_all(services)
    log = load_log(thief, signer)
    without = {key: value for key, value in log.heads["obj"].items() if key == b""}
    detail = Batch(log).manifest_detail(stamp(datetime.now(UTC) - timedelta(seconds=61)))
    log.heads["obj"] = without
    detail |= {"objects_n": 0, "objects_root": Batch(log).manifest_detail("")["objects_root"]}
    plant(thief, load_log(thief, signer), forged_own("heads.manifest", detail))
    assert "its manifest does not match the leaves" in str(stopped_with(services, signer, "leaf_foreign"))
    assert rows(services, "SELECT max(size) FROM audit.checkpoint") == [(6,)]


def test_T9_a_manifest_that_closes_the_log_for_a_time_it_is_open_for_is_not_gone_on_from(
    services: Services, signer: Signer, thief: Connection, admin_connection: Connection
) -> None:
    """Its roots are right, but an event from before its time is not sealed."""
    write_events(services, 2)
    seal_all(services)
    log = load_log(thief, signer)
    closed_until = stamp(datetime.now(UTC) - timedelta(seconds=61))
    plant(thief, log, forged_own("heads.manifest", Batch(log).manifest_detail(closed_until)))
    write_events(services, 1)
    date_back(admin_connection, timedelta(minutes=5))
    assert "but earlier events have no leaf" in str(stopped_with(services, signer, "leaf_foreign"))


# --- T10: the tag key


def test_T10_another_tag_key_stops_the_sealer(
    services: Services, signer: Signer, thief: Connection, admin_connection: Connection
) -> None:
    """With another key, people and objects get other tags, and their earlier events disappear from their chains."""
    write_events(services, 3)
    seal_all(services)
    log = load_log(thief, signer)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        thief.execute("UPDATE audit.log_head SET tag_key = sha256(tag_key)")
    admin_connection.execute("UPDATE audit.log_head SET tag_key = sha256(tag_key)")
    with pytest.raises(Stopped, match="The tag key in"):
        seal_unsigned(thief, log)
    assert "The tag key in audit.log_head" in str(stopped_with(services, signer, "head_differs"))
    assert {"opening", "entries"} <= set(failing(services, signer))


@pytest.mark.slow
def test_T10_a_second_opening_is_not_gone_on_from(
    services: Services, signer: Signer, thief: Connection
) -> None:
    write_events(services, 3)
    seal_all(services)
    log = load_log(thief, signer)
    detail = {"origin": signer.origin, "tag_key_sha256": key_commitment(log.tag_key),
              "previous_origin": signer.origin, "previous_size": 4, "reason": "maintenance",
              "previous_root": log.frontier.root().hex()}  # fmt: skip
    plant(thief, log, forged_own("log.opened", detail))
    assert "are not signed and cannot be recomputed" in str(
        stopped_with(services, signer, "own_leaf_unsigned")
    )
    assert "opening" in failing(services, signer)


# --- T11: events that the sealer passes


def test_T11_no_mark_can_be_raised_over_events_that_are_not_sealed(
    services: Services, signer: Signer, thief: Connection
) -> None:
    write_events(services, 2)
    seal_all(services)
    write_events(services, 3)
    with pytest.raises(psycopg.errors.UndefinedColumn):
        thief.execute("UPDATE audit.log_head SET low_water = 1000000")
    thief.execute("UPDATE audit.log_head SET size = 1000, manifest_n = 999, closed_until = now()")
    assert sealer(services, signer).once() == 6
    check_log(services)


def test_T11_a_leaf_that_takes_the_number_of_another_event_is_not_gone_on_from(
    services: Services, signer: Signer, thief: Connection, web: Connection
) -> None:
    """The event of that number would look sealed forever."""
    write_events(services, 2)
    seal_all(services)
    log = load_log(thief, signer)
    write_events(services, 1)
    ((hidden,),) = rows(services, "SELECT max(id) FROM audit.event")
    plant(thief, log, event_body()[1], web, event_no=hidden)
    assert "its event is missing" in str(stopped_with(services, signer, "leaf_foreign"))


def test_T11_the_nightly_check_finds_events_by_another_way(
    services: Services, signer: Signer, admin_connection: Connection
) -> None:
    """Only a superuser can do this: the leaf of one event gets the number of another."""
    write_events(services, 2)
    seal_all(services)
    write_events(services, 1)
    date_back(admin_connection, timedelta(hours=1))
    admin_connection.execute("ALTER TABLE audit.leaf DISABLE TRIGGER ALL")
    admin_connection.execute("UPDATE audit.leaf SET event_no = (SELECT max(id) FROM audit.event) WHERE n = 2")
    for trigger in ("leaf_is_kept", "leaf_table_is_kept"):
        admin_connection.execute(f"ALTER TABLE audit.leaf ENABLE ALWAYS TRIGGER {trigger}")
    assert {"unsealed", "leaves"} <= set(failing(services, signer))


# --- T13: bytes that are no event


def hostile_bodies() -> dict[str, bytes]:
    event_id, body = event_body("user:1", "recording:1", action_detail={"a": "b"})
    deep = b'{"b":' * 900 + b"1" + b"}" * 900
    return {
        "an id in upper case": body.replace(event_id.encode(), event_id.upper().encode()),
        "nested 900 deep": body.replace(b'{"a":"b"}', b'{"a":' + deep + b"}"),
        "null": body.replace(b'"a":"b"', b'"a":null'),
        "1.5": body.replace(b'"a":"b"', b'"a":1.5'),
        "true": body.replace(b'"a":"b"', b'"a":true'),
        "a key twice": body.replace(b'"a":"b"', b'"a":"b","a":"c"'),
        "keys in another order": body.replace(b'"a":"b"', b'"b":"b","a":"c"'),
        "blanks": body.replace(b'"a":"b"', b'"a": "b"'),
        "an actor that is a list": body.replace(b'"ref":"user:1"', b'"ref":["user:1"]'),
        "a kind that is none": body.replace(b'"type":"recording.opened"', b'"type":"Recording"'),
        "a key that no event has": body.replace(b'"v":1', b'"v":1,"w":1'),
        "a name that is no commitment": body.replace(b'"ref":"user:1"', b'"name":"Dana","ref":"user:1"'),
        "a number beyond a double": body.replace(b'"a":"b"', b'"a":9007199254740993'),
    }  # fmt: skip


@pytest.mark.parametrize("what", hostile_bodies())
def test_T13_bytes_that_are_no_event_are_stepped_over(
    services: Services, signer: Signer, web: Connection, admin_connection: Connection, what: str
) -> None:
    """Recorded with the application's login, such bytes stopped the sealer, or were sealed as what they claim."""
    seal_all(services)
    write_events(services, 1)
    store(web, admin_connection, hostile_bodies()[what])
    write_events(services, 1)
    assert seal_all(services) == 1 + 1 + 2 + 1
    entries = [json.loads(data) for (data,) in rows(services, "SELECT entry FROM audit.leaf ORDER BY n")]
    assert [said["y"] for said in entries] == [
        "log.opened", "recording.opened", "sealer.incident", "event.malformed", "recording.opened",
    ]  # fmt: skip
    assert entries[3].keys() == {"act", "act_n", "act_prev", "bh", "e", "n", "o", "r", "v", "y"}
    detail = incident_of(services)
    assert (detail["code"], detail["first"], detail["count"]) == ("event_malformed", 3, 1)
    assert failing(services, signer) == ["incidents"]
    assert sealer(services, signer).close_incidents("looked at") == 1
    assert failing(services, signer) == []
    check_log(services)


def store(web: Connection, superuser: Connection, body: bytes) -> None:
    """Store bytes with the application's login; if its function refuses them, as it once stored them."""
    try:
        record(web, body)
    except psycopg.Error:
        superuser.execute(
            "INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome,"
            " actor_ref, actor_role, target_kind, target_ref, parent_ref, purpose, request_id)"
            " SELECT (b->>'id')::uuid, %(body)s, sha256(%(body)s), clock_timestamp(),"
            " (b->>'occurred_at')::timestamptz, true, b->>'type', b->>'outcome', coalesce(b#>>'{actor,ref}', ''), '',"
            " 'recording', 'recording:1', '', '', '' FROM (SELECT convert_from(%(body)s, 'UTF8')::jsonb AS b) AS x",
            {"body": body},
        )


def test_T13_an_event_that_can_be_read_is_not_hidden_as_malformed(
    services: Services, signer: Signer, thief: Connection
) -> None:
    """With the sealer's login, a viewing gets a leaf that marks it malformed."""
    write_events(services, 2)
    seal_all(services)
    log = load_log(thief, signer)
    write_events(services, 1)
    ((number, event_id, body_hash, at),) = rows(
        services,
        "SELECT id, event_id::text, body_hash, recorded_at FROM audit.event ORDER BY id DESC LIMIT 1",
    )
    act = ChainLink(tag(log.tag_key, "act", "system:sealer"), 2, 0)
    data = entry(n=3, event_id=event_id, body_hash=bytes(body_hash), recorded_at=stamp(at), kind="event.malformed",
                 outcome="error", act=act, obj=None)  # fmt: skip
    insert(thief, Leaf(3, number, event_id, data, leaf_hash(data), None, act))
    assert "it marks a valid event as malformed" in str(stopped_with(services, signer, "leaf_foreign"))
    assert {"entries", "marks"} <= set(failing(services, signer))
