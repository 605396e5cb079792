"""The keys of personal values: guessed from memory, compared by the database, never used once destroyed."""

from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from recordings.audit import Actor, AuditUnavailable, Kind, Target, record, record_committed, vault
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, AuditSubjectKey

NOA = Actor("user:7", "person", "Noa Levi", address="192.0.2.7")
CUSTOMER = Target("object", "object:1", "Dana Marlowe", subject="customer:1")


@pytest.fixture(autouse=True)
def nothing_met() -> None:
    vault._met.clear()


def key_of(subject: str) -> bytes:
    return bytes(AuditSubjectKey.objects.values_list("wrapped", flat=True).get(subject=subject))


def names(event_id: Any) -> tuple[str, str]:
    event = open_event(event_id)
    assert event is not None
    return event.private("actor.name"), event.private("object.label")


@pytest.mark.usefixtures("committed_db")
def test_an_event_by_somebody_known_is_one_statement() -> None:
    record_committed(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    sent: list[str] = []

    def watch(execute: Any, sql: str, *rest: Any) -> Any:
        sent.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        event_id = record_committed(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    assert [sql.split("(")[0] for sql in sent] == ["SELECT audit.record_event_under"]
    assert names(event_id) == ("Noa Levi", "Dana Marlowe")


def test_a_destroyed_key_is_neither_used_nor_brought_back(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    """It may still be in this process's memory; what was encrypted under it must stay closed for ever."""
    before = record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    destroyed = key_of("customer:1")
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:1'")
    after = record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    assert key_of("customer:1") != destroyed
    assert (names(before), names(after)) == (("Noa Levi", "erased"), ("Noa Levi", "Dana Marlowe"))


def test_a_key_made_anew_by_another_process_is_taken_over(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    mine = dict(vault._met)
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:1'")
    record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    theirs = key_of("customer:1")
    vault._met.update(mine)
    event_id = record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    assert key_of("customer:1") == theirs
    assert names(event_id) == ("Noa Levi", "Dana Marlowe")


@pytest.mark.usefixtures("committed_db")
def test_a_key_whose_transaction_was_rolled_back_is_made_again() -> None:
    with transaction.atomic():
        record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
        transaction.set_rollback(True)
    assert not AuditSubjectKey.objects.exists()
    assert names(record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)) == ("Noa Levi", "Dana Marlowe")


def test_a_refused_event_of_somebody_new_leaves_no_key(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    with transaction.atomic():
        with pytest.raises(AuditUnavailable):
            record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
        assert (AuditEvent.objects.count(), AuditSubjectKey.objects.count()) == (0, 0)


def test_a_refusal_of_a_known_persons_event_leaves_the_transaction_usable(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    """No savepoint is set from here: the database's own keeps the caller's transaction whole."""
    record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    with transaction.atomic():
        with pytest.raises(AuditUnavailable) as caught:
            record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
        assert AuditEvent.objects.count() == 1
    assert "permission denied for function record_event" in str(caught.value.__cause__)


def test_memory_of_keys_stays_small(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setattr(vault, "_MET", 5)
    for number in range(20):
        record(Kind.SIGNED_IN, by=Actor(f"user:{number}", "person", "Somebody"))
    assert 0 < len(vault._met) <= 6
