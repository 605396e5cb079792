"""Many events by one statement: the same bytes, keys and refusals as one by one, in order, all or none."""

import sys
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from recordings.audit import Actor, AuditUnavailable, Entry, Kind, Target, record, record_all, vault
from recordings.audit.opened import open_event
from recordings.audit.schema import SchemaError
from recordings.models import AuditEvent, AuditSecret, AuditSubjectKey

BY = Actor("user:7", "person", "Noa Levi", address="192.0.2.7")


@pytest.fixture(autouse=True)
def nothing_met() -> None:
    vault._met.clear()


def target(number: int) -> Target:
    return Target("recording", f"recording:{number}", f"Customer {number}", "object:1", f"customer:{number}")


def entries(count: int) -> list[Entry]:
    return [
        Entry(Kind.RECORDING_DISCOVERED, target(number), {"duration_seconds": number})
        for number in range(count)
    ]


def test_events_stand_in_the_order_of_the_list_and_say_what_one_by_one_would(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys.modules["recordings.audit.record"], "_AT_ONCE", 3
    )  # the package's name is the function
    record_all(entries(7), by=BY)
    record(Kind.RECORDING_DISCOVERED, by=BY, target=target(6), detail={"duration_seconds": 6})
    ids = AuditEvent.objects.order_by("id").values_list("event_id", flat=True)
    opened = [event for event in map(open_event, ids) if event]
    labels = [event.private("object.label") for event in opened]
    assert labels == [f"Customer {number}" for number in (*range(7), 6)]
    *_, many, one = [dict(event.body) for event in opened]
    varying = {"id", "occurred_at", "actor", "object", "source"}  # commitments are salted
    assert {name: many[name] for name in many.keys() - varying} == {
        name: one[name] for name in one.keys() - varying
    }
    assert many["object"]["ref"] == one["object"]["ref"] == "recording:6"


def test_so_many_are_one_statement_once_their_people_are_known(db: None) -> None:
    record_all(entries(5), by=BY)
    sent: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql.split("(")[0])
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        record_all(entries(5), by=BY)
    assert [sql for sql in sent if "SAVEPOINT" not in sql] == ["SELECT audit.record_event_under"]
    record_all([], by=BY)
    assert AuditEvent.objects.count() == 10


def test_a_refused_event_leaves_none_of_them_and_no_key(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    """The third is one that the database does not take; the caller's transaction goes on."""
    admin_connection.execute(
        "ALTER TABLE audit.event ADD CONSTRAINT not_the_third CHECK (target_ref <> 'recording:2')"
    )
    with transaction.atomic():
        with pytest.raises(AuditUnavailable):
            record_all(entries(4), by=BY)
        assert (AuditEvent.objects.count(), AuditSecret.objects.count()) == (0, 0)
    assert not AuditSubjectKey.objects.exists()
    record_all(entries(2), by=BY)
    assert AuditEvent.objects.count() == 2


def test_what_the_schema_does_not_know_is_refused_before_anything_is_written(db: None) -> None:
    with pytest.raises(SchemaError):
        record_all([*entries(2), Entry(Kind.RECORDING_DISCOVERED, target(1), {"at": 1.5})], by=BY)  # type: ignore[dict-item]
    assert not AuditEvent.objects.exists()


def test_a_key_that_was_destroyed_meanwhile_is_not_used_for_any_of_them(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    record_all(entries(3), by=BY)
    known = AuditSubjectKey.objects.values_list("wrapped", flat=True)
    destroyed = bytes(known.get(subject="customer:1"))
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:1'")
    record_all(entries(3), by=BY)
    assert bytes(known.get(subject="customer:1")) != destroyed
    assert AuditEvent.objects.count() == 6
    labels = {
        (event.part("object")["ref"], event.private("object.label"))
        for event in map(open_event, AuditEvent.objects.values_list("event_id", flat=True))
        if event
    }
    assert labels == {
        ("recording:0", "Customer 0"),
        ("recording:1", "erased"),
        ("recording:1", "Customer 1"),
        ("recording:2", "Customer 2"),
    }
