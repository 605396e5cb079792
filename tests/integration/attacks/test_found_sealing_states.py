"""Attacks T12 and A18 on when something was sealed, T15–T17 on incidents, checkpoints and states put back.

What is done here is done with plain SQL under the real logins. What only a superuser could do says so.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.audit.kinds import Kind
from recordings.proof.sealing import signing
from recordings.proof.sealing.entries import stamp
from recordings.proof.sealing.errors import SealingError, Stopped
from recordings.proof.sealing.incidents import open_incidents
from recordings.proof.sealing.log_events import write_log_event
from recordings.proof.sealing.stable_prefix import StablePrefixTracker
from recordings.tlog.signer import Signer as LogSigner
from recordings.tlog.state import State
from tests.integration.attacks.hostile import (
    Connection,
    date_back,
    failing,
    forged_own,
    incident_of,
    plant,
    record,
    sealer,
    stopped_with,
)
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
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


# --- T12 and A18: events that come late


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
