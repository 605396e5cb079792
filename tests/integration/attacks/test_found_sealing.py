"""Attacks T8–T13, T15–T17 and A18 on the sealer: rows inserted with a stolen login, and restored older states.

Everything is plain SQL under the real logins. Attacks that only a superuser can make say so.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.audit.kinds import Kind
from recordings.proof.sealing import signing
from recordings.proof.sealing.batch import Batch
from recordings.proof.sealing.entries import ChainLink, Leaf, entry, stamp
from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.events import event_of, examine
from recordings.proof.sealing.incidents import open_incidents
from recordings.proof.sealing.log import Log
from recordings.proof.sealing.log_events import write_log_event
from recordings.proof.sealing.service import Sealer
from recordings.proof.sealing.stable_prefix import StablePrefixTracker
from recordings.proof.sealing.tags import key_commitment, tag
from recordings.proof.verification.verify import verify
from recordings.tlog.merkle import leaf_hash
from recordings.tlog.signer import Signer as LogSigner
from recordings.tlog.state import State
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
from tests.sealing import Signer, event_body, load_log, seal_all, seal_unsigned, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)

Connection = psycopg.Connection[Any]


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


def sealer(services: Services, signer: Signer) -> Sealer:
    return Sealer(services.sealer_url, signer.origin, signer, keys=[signer.key.verifier])


def record(connection: Connection, body: bytes) -> None:
    connection.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body])


def lay(admin: Connection, body: bytes) -> None:
    """Insert an event as from before the database checked its form: only a superuser can still do that."""
    admin.execute(
        "INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome,"
        " actor_ref, actor_role, target_kind, target_ref, parent_ref, purpose, request_id)"
        " SELECT (b->>'id')::uuid, %(body)s, sha256(%(body)s), clock_timestamp(),"
        " (b->>'occurred_at')::timestamptz, true, b->>'type', b->>'outcome', b#>>'{actor,ref}', '', '', '', '', '', ''"
        " FROM (SELECT convert_from(%(body)s, 'UTF8')::jsonb AS b) AS said",
        {"body": body},
    )


def failing(services: Services, signer: Signer) -> list[str]:
    result = verify(services.database_url, policy=signer.policy, every_manifest=True)
    return [check.name for check in result.checks if not check.ok]


def forged_own(kind: str, detail: dict[str, Any], **more: Any) -> bytes:
    """Build an event as the log writes it."""
    return event_body("system:sealer", "", type=kind, action_detail=detail, **more)[1]


def stopped_with(services: Services, signer: Signer, code: str) -> Stopped:
    """Check that sealing stops, twice, with one incident of this code; returns the error."""
    for _ in range(2):
        with pytest.raises(Stopped) as stopped:
            sealer(services, signer).once()
        assert stopped.value.code == code
    assert rows(services, "SELECT DISTINCT code FROM audit.incident WHERE settles IS NULL") == [(code,)]
    return stopped.value


def plant(thief: Connection, log: Log, body: bytes, by: Connection | None = None, **columns: Any) -> None:
    """Record an event and insert its leaf at the end of the log, as the sealer would, but with these `columns`."""
    record(by or thief, body)
    ((number,),) = thief.execute("SELECT max(id) FROM audit.event").fetchall()
    event = event_of(thief, number)
    said = examine(event)
    assert said
    insert(thief, Batch(log).add(event, said), **columns)


def insert(thief: Connection, leaf: Leaf, **columns: Any) -> None:
    (obj, obj_n), (par, par_n) = (place[:2] if place else (None, None) for place in (leaf.obj, leaf.par))
    row = {"n": leaf.n, "event_no": leaf.event_no, "event_id": leaf.event_id, "entry": leaf.entry, "hash": leaf.hash,
           "obj": obj, "obj_n": obj_n, "par": par, "par_n": par_n, "act": leaf.act.tag,
           "act_n": leaf.act.n}  # fmt: skip
    row |= columns
    thief.execute(
        f"INSERT INTO audit.leaf ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )


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


# --- T12 and A18: events that come late


def date_back(superuser: Connection, by: timedelta) -> None:
    """Date every event without a leaf back, as if its transaction had stayed open, or a clock had been wrong.

    The times cannot be set in another way.
    """
    superuser.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    superuser.execute(
        "UPDATE audit.event SET recorded_at = recorded_at - %s, skewed = true"
        " WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_no = audit.event.id)",
        [by],
    )
    for trigger in ("event_is_kept", "event_table_is_kept"):
        superuser.execute(f"ALTER TABLE audit.event ENABLE ALWAYS TRIGGER {trigger}")


def test_T12_the_log_is_not_closed_while_a_transaction_may_still_bring_an_event(
    services: Services, thief: Connection
) -> None:
    tracker = StablePrefixTracker()
    before = tracker.update(thief).time
    with psycopg.connect(services.database_url) as slow:
        record(slow, event_body()[1])
        started = thief.execute("SELECT clock_timestamp()").fetchone()
        for _ in range(3):
            thief.execute("SELECT pg_sleep(0.05)")
            assert before <= tracker.update(thief).time <= stamp(started[0] - timedelta(seconds=60))  # type: ignore[index]
        slow.commit()
    tracker.update(thief)
    assert tracker.update(thief).time > stamp(started[0] - timedelta(seconds=60))  # type: ignore[index]


def test_T12_a_manifest_says_no_time_for_which_something_is_not_sealed(
    services: Services, signer: Signer, thief: Connection
) -> None:
    """There are more events than fit in a batch: the manifest after the first batch covers only what came before it."""
    log = load_log(thief, signer)
    write_events(services, 6)
    stable = StablePrefixTracker().update(thief)
    assert seal_unsigned(thief, log, stable=stable, limit=3, manifest=True).manifest
    assert log.closed_until == "1970-01-01T00:00:00.000000Z"
    signing.Signing(signer, [signer.key.verifier]).sign_and_publish(thief, log)
    assert seal_unsigned(thief, log, stable=stable, manifest=True).manifest
    assert log.closed_until == stable.time


def test_T12_A18_an_event_from_a_time_that_was_closed_is_marked(
    services: Services, signer: Signer, admin_connection: Connection
) -> None:
    """Committed minutes after a bundle for that minute was declared complete."""
    write_events(services, 2)
    size = seal_all(services, manifest=True)
    write_events(services, 3, actor="user:late")
    date_back(admin_connection, timedelta(minutes=10))
    write_events(services, 1, actor="user:now")
    size_after = seal_all(services, manifest=True)
    assert size_after == size + 1 + 3 + 1 + 1
    entries = [json.loads(data) for (data,) in rows(services, "SELECT entry FROM audit.leaf ORDER BY n")][
        size:
    ]
    assert [said["y"] for said in entries] == [
        "sealer.incident", *["recording.opened"] * 4, "heads.manifest",
    ]  # fmt: skip
    assert [said.get("late") for said in entries] == [None, 1, 1, 1, None, None]
    detail = incident_of(services)
    assert (detail["code"], detail["first"], detail["count"]) == ("event_late", size + 1, 3)
    assert rows(services, "SELECT code FROM audit.incident") == [("event_late",)]
    assert failing(services, signer) == ["incidents"]
    assert sealer(services, signer).close_incidents("the clock was set") == 1
    assert failing(services, signer) == []
    check_log(services)


def incident_of(services: Services) -> dict[str, Any]:
    ((body,),) = rows(
        services, "SELECT body FROM audit.event WHERE kind = 'sealer.incident' ORDER BY id LIMIT 1"
    )
    return dict(json.loads(body)["action_detail"])


def test_A18_a_leaf_without_its_mark_is_found(
    services: Services, signer: Signer, admin_connection: Connection
) -> None:
    """A superuser dates a sealed event back and adjusts its entry."""
    write_events(services, 2)
    size = seal_all(services, manifest=True)
    write_events(services, 1)
    seal_all(services)
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    admin_connection.execute("ALTER TABLE audit.leaf DISABLE TRIGGER ALL")
    old = stamp(datetime.now(UTC) - timedelta(hours=1))
    admin_connection.execute(
        "UPDATE audit.event SET recorded_at = %s, skewed = true"
        " WHERE id = (SELECT event_no FROM audit.leaf WHERE n = %s)",
        [old, size],
    )
    admin_connection.execute(
        "UPDATE audit.leaf SET entry = b, hash = sha256('\\x00'::bytea || b) FROM (SELECT regexp_replace("
        'convert_from(entry, \'UTF8\'), \'"r":"[^"]+"\', %s)::bytea AS b FROM audit.leaf WHERE n = %s) AS x'
        " WHERE n = %s",
        [f'"r":"{old}"', size, size],
    )
    assert "entries" in failing(services, signer)
    assert stopped_with(services, signer, "database_differs")


def test_T12_when_the_clock_goes_back_the_log_says_so_of_itself(
    services: Services, signer: Signer, thief: Connection
) -> None:
    """The database's clock goes back to a time for which a manifest has closed the log.

    Events, and the incident itself, are late. No manifest can be written until the clock has reached that time again.
    """
    write_events(services, 1)
    seal_all(services, manifest=True)
    log = load_log(thief, signer)
    log.closed_until = stamp(datetime.now(UTC) + timedelta(minutes=5))  # as if the clock had been ahead
    write_events(services, 1)
    start = log.size
    sealed = seal_unsigned(thief, log, manifest=True)
    assert (sealed.count, sealed.manifest, log.manifest_due) == (2, False, True)
    entries = [json.loads(data) for (data,) in rows(services, "SELECT entry FROM audit.leaf ORDER BY n")][
        start:
    ]
    assert [(said["y"], said.get("late")) for said in entries] == [
        ("sealer.incident", 1),
        ("recording.opened", 1),
    ]


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


# --- T15: incidents


def test_T15_a_row_settles_nothing(
    services: Services, signer: Signer, thief: Connection, superuser_edit: None, admin_connection: Connection
) -> None:
    """Rows that claim an incident is closed, with no event, another event, or an unsealed one.

    The sealer's login can no longer write them; a superuser can.
    """
    with pytest.raises(Stopped):
        sealer(services, signer).once()
    ((number, detail),) = rows(services, "SELECT id, detail FROM audit.incident")
    settling = (
        "INSERT INTO audit.incident (code, detail, settles, event_id) VALUES ('event_altered', 'x', %s, %s)"
    )
    ((sealed,),) = rows(services, "SELECT event_id FROM audit.leaf WHERE n = 0")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        thief.execute(settling, [number, None])
    admin_connection.execute(settling, [number, None])
    admin_connection.execute(settling, [number, sealed])
    assert [one.id for one in open_incidents(thief)] == [number]
    write_log_event(
        thief, Kind.SEALER_INCIDENT, {"code": "event_altered", "sentence": detail, "settled": "x"}
    )
    ((unsealed,),) = rows(services, "SELECT event_id FROM audit.event ORDER BY id DESC LIMIT 1")
    thief.execute("SELECT audit.settle_incident(%s, 'x', %s)", [number, unsealed])
    assert [one.id for one in open_incidents(thief)] == [number]
    with pytest.raises(Stopped):
        sealer(services, signer).once()
    assert "incidents" in failing(services, signer)


@pytest.fixture
def superuser_edit(services: Services, admin_connection: Connection) -> None:
    """An event that a superuser edited before it was sealed."""
    seal_all(services)
    write_events(services, 1)
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    for (name,) in admin_connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'audit.event'::regclass AND contype = 'c'"
    ).fetchall():
        admin_connection.execute(f"ALTER TABLE audit.event DROP CONSTRAINT {name}")
    admin_connection.execute("UPDATE audit.event SET body_hash = sha256('x') WHERE kind = 'recording.opened'")


@pytest.mark.slow
def test_T15_a_settlement_that_is_planted_as_a_leaf_is_not_gone_on_from(
    services: Services, signer: Signer, thief: Connection
) -> None:
    write_events(services, 1)
    seal_all(services)
    detail = {"code": "event_altered", "sentence": "x", "settled": "nothing happened"}
    plant(thief, load_log(thief, signer), forged_own("sealer.incident", detail, outcome="error"))
    assert "are not signed and cannot be recomputed" in str(
        stopped_with(services, signer, "own_leaf_unsigned")
    )
    assert sealer(services, signer).close_incidents("it was me") == 1
    assert sealer(services, signer).once() == 4
    assert failing(services, signer) == []


# --- T15: a checkpoint that nobody signed


def test_T15_a_checkpoint_that_nobody_signed_holds_nothing_up(
    services: Services, signer: Signer, thief: Connection
) -> None:
    """If it were trusted, the sealer would request no signature up to its size."""
    write_events(services, 1)
    seal_all(services)
    for size in (4, 1_000_000):
        note = signer.latest(signer.origin)
        thief.execute(
            "INSERT INTO audit.checkpoint (size, root, origin, note) VALUES (%s, sha256('x'), %s, %s)",
            [size, signer.origin, note],
        )
    write_events(services, 2)
    assert sealer(services, signer).once() >= 4
    newest = signer.latest(signer.origin)
    assert newest
    assert int(newest.split("\n")[1]) >= 4
    assert ("checkpoint_foreign",) in rows(services, "SELECT code FROM audit.incident")


# --- T16: states put back


def test_T16_a_signer_that_was_put_back_is_an_incident(services: Services, tmp_path: Path) -> None:
    """With the state of an earlier day, it could sign a second history."""
    own = Signer()
    try:
        write_events(services, 2)
        first = seal_all(services, signer=own)
        folder = own._states["log"].folder
        older = (folder / "state.json").read_bytes()
        write_events(services, 3)
        second = seal_all(services, signer=own)
        own._states["log"].close()
        (folder / "state.json").write_bytes(older)
        own._states["log"] = State(folder)
        own._cosigner = LogSigner(own._states["log"], own.key)
        write_events(services, 1)
        seal_all(services, signer=own)
        ((code, detail),) = rows(services, "SELECT code, detail FROM audit.incident")
        assert code == "signer_went_back"
        assert f"state has {first} leaves" in detail
        assert f"has signed {second}" in detail
        write_events(services, 1)
        seal_all(services, signer=own)
        assert "sealer.incident" in kinds(services)
        check_log(services)
    finally:
        own.remove()


# --- T17: an origin that ends in a number


def test_T17_a_log_whose_name_ends_in_a_number_goes_on_under_the_next_name(
    services: Services, admin_connection: Connection
) -> None:
    own = Signer(origin="audit.example.com/7")
    try:
        write_events(services, 2)
        seal_all(services, signer=own)
        write_events(services, 1)
        assert seal_all(services, signer=own) == 4
        admin_connection.execute("ALTER TABLE audit.leaf DISABLE TRIGGER ALL")
        admin_connection.execute("DELETE FROM audit.leaf WHERE n = 3")
        ours = sealer(services, own)
        with pytest.raises(Stopped):
            ours.once()
        assert ours.new_epoch("a disk was lost")[0] == "audit.example.com/7/2"
        write_events(services, 1)
        size = ours.once()
        assert rows(services, "SELECT origin FROM audit.checkpoint WHERE size = %s", size) == [
            ("audit.example.com/7/2",)
        ]
        with pytest.raises(SealingError, match="no new epoch is needed"):
            ours.new_epoch("again")
    finally:
        own.remove()
