"""The one writer: what it stores, what it refuses, and that a failed commit leaves nothing."""

import hashlib
import json
import uuid
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import rfc8785
import time_machine
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.contextvars import bind_contextvars

from recordings.audit import (
    Actor,
    AuditUnavailable,
    Kind,
    Outcome,
    Purpose,
    Target,
    committed,
    record,
    record_committed,
    refuse,
)
from recordings.audit.opened import open_event
from recordings.audit.schema import MAX_INTEGER, SchemaError
from recordings.audit.vault import commitment
from recordings.models import AuditEvent, AuditSecret, AuditSubjectKey
from tests.thorough import examples

NOA = Actor(
    "user:7", "person", "Noa Levi", "compliance_officer", "password", "192.0.2.7", "Firefox/140", "5e55"
)
CUSTOMER = Target(
    "recording", "recording:1", "דנה מרלו", parent="object:1407374990000101", subject="customer:80022001"
)


def test_an_event_holds_what_was_given(db: None) -> None:
    bind_contextvars(request_id="5e55-1")
    event_id = record(
        Kind.VIEWING_REQUESTED,
        by=NOA,
        target=CUSTOMER,
        outcome=Outcome.GRANTED,
        purpose=Purpose.COMPLIANCE,
        note="complaint 4711",
        detail={"viewing": "v1"},
    )
    event = open_event(event_id)
    assert event is not None
    body = dict(event.body)
    assert body.pop("id") == str(event_id)
    assert body.pop("occurred_at") == event.stored.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    hashes = {name: event.part(name.partition(".")[0])[name.partition(".")[2]] for name in event.disclosed}
    assert body == {
        "v": 1,
        "type": "viewing.requested",
        "outcome": "granted",
        "actor": {
            "ref": "user:7",
            "kind": "person",
            "role": "compliance_officer",
            "authn": "password",
            "name": hashes["actor.name"],
        },
        "object": {
            "kind": "recording",
            "ref": "recording:1",
            "parent": "object:1407374990000101",
            "label": hashes["object.label"],
        },
        "action_detail": {"viewing": "v1"},
        "purpose": {"code": "compliance", "note": hashes["purpose.note"]},
        "source": {"ip": hashes["source.ip"], "user_agent": hashes["source.user_agent"]},
        "request": {"id": "5e55-1", "session": "5e55", "app_version": "0.1.0"},
        "asserted_by": "server",
    }
    assert {name: event.private(name) for name in event.disclosed} == {
        "actor.name": "Noa Levi",
        "object.label": "דנה מרלו",
        "purpose.note": "complaint 4711",
        "source.ip": "192.0.2.7",
        "source.user_agent": "Firefox/140",
    }
    for name, found in event.disclosed.items():
        assert found is not None
        assert commitment(name, found.salt, found.value) == hashes[name]


def test_no_personal_value_rests_in_the_clear(db: None) -> None:
    record(Kind.SEARCHED, by=NOA, target=CUSTOMER, note="a note", private={"q": "Marlowe"})
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, '') FROM audit.event e")
        events = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(s::text, '') FROM audit.secret s")
        resting = events + cursor.fetchone()[0]
    for value in ("Noa", "דנה", "a note", "Marlowe", "192.0.2.7", "Firefox"):
        assert value not in resting
        assert value.encode().hex() not in resting


def test_a_destroyed_key_erases_the_person_and_nothing_else(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    event_id = record(Kind.OBJECT_OPENED, by=NOA, target=CUSTOMER)
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:80022001'")
    event = open_event(event_id)
    assert event is not None
    assert event.private("object.label") == "erased"
    assert event.private("actor.name") == "Noa Levi"
    assert hashlib.sha256(event.stored.body).digest() == event.stored.body_hash


texts = st.text(max_size=40)
keys = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
values = st.recursive(
    st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=10,
)


@settings(
    max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    detail=st.dictionaries(keys, values, max_size=5),
    name=texts,
    note=texts,
    ref=st.text(min_size=1, max_size=30).filter(lambda text: text.replace("\0", "")),
)
def test_the_bytes_are_canonical_and_hash(
    db: None, detail: dict[str, Any], name: str, note: str, ref: str
) -> None:
    """Whatever an event says: its bytes are RFC 8785, and the database's hash is that of exactly these bytes."""
    by = Actor("user:7", "person", name)
    event_id = record(Kind.CONFIG_CHANGED, by=by, target=Target("thing", ref), note=note, detail=detail)
    row = AuditEvent.objects.get(event_id=event_id)
    body = bytes(row.body)
    assert rfc8785.dumps(json.loads(body)) == body
    assert bytes(row.body_hash) == hashlib.sha256(body).digest()
    assert all(abs(number) <= MAX_INTEGER for number in _integers(json.loads(body)))
    event = open_event(event_id)
    assert event is not None
    assert event.private("purpose.note") == note.replace("\0", "").encode("utf-8", "replace").decode()


def _integers(value: Any) -> list[int]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _integers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []


REFUSED = {
    "a float": {"seconds": 1.5},
    "nothing": {"seconds": None},
    "a truth value": {"seen": True},
    "bytes": {"raw": b"x"},
    "a key with capitals": {"Seconds": 1},
    "a key of another script": {"שם": 1},
    "an empty key": {"": 1},
    "a number as key": {1: 1},
    "a float deep inside": {"a": [{"b": [1, 2.0]}]},
    "more than 65,000 bytes": {"text": "x" * 65_001},
}


@pytest.mark.parametrize("detail", REFUSED.values(), ids=REFUSED.keys())
def test_what_has_no_place_in_an_event_is_refused(db: None, detail: dict[Any, Any]) -> None:
    with pytest.raises(SchemaError):
        record(Kind.CONFIG_CHANGED, by=NOA, detail=detail)
    assert AuditEvent.objects.count() == 0


CREDENTIALS = {
    "https://s3.example/b/k?X-Amz-Signature=canary&a=b": "https://s3.example/b/k?X-Amz-Signature=***&a=b",
    "https://s3.example/b/k?a=b&Signature=canary": "https://s3.example/b/k?a=b&Signature=***",
    "?x-amz-security-token=canary x": "?x-amz-security-token=*** x",
    "Authorization: Bearer canary": "Authorization: Bearer ***",
}


@pytest.mark.parametrize(("said", "kept"), CREDENTIALS.items())
@pytest.mark.parametrize("where", ["detail", "note", "name", "label", "agent", "private"])
def test_a_credential_is_masked_whoever_says_it(db: None, where: str, said: str, kept: str) -> None:
    """A browser, a customer or CommBox may say anything: it neither rests in the trail nor stops an event."""
    by = Actor(
        "user:7", "person", said if where == "name" else "", user_agent=said if where == "agent" else ""
    )
    event_id = record(
        Kind.SEARCHED,
        by=by,
        target=Target("object", "object:1", said if where == "label" else ""),
        note=said if where == "note" else "",
        detail={"url": said} if where == "detail" else None,
        private={"q": said} if where == "private" else None,
    )
    event = open_event(event_id)
    assert event is not None
    assert b"canary" not in event.stored.body
    fields = {
        "note": "purpose.note",
        "name": "actor.name",
        "label": "object.label",
        "agent": "source.user_agent",
        "private": "action_detail.q",
    }
    assert (event.text("url") if where == "detail" else event.private(fields[where])) == kept


def test_record_joins_the_callers_transaction(committed_db: None) -> None:
    with transaction.atomic():
        record(Kind.ROLE_GRANTED, by=NOA)
        transaction.set_rollback(True)
    assert (AuditEvent.objects.count(), AuditSecret.objects.count()) == (0, 0)


def test_record_committed_has_committed_when_it_returns(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    event_id = record_committed(Kind.VIEWING_REQUESTED, by=NOA)
    seen = admin_connection.execute("SELECT event_id FROM audit.event").fetchall()
    assert seen == [(event_id,)]


def test_record_committed_inside_a_transaction_is_a_mistake(committed_db: None) -> None:
    """An outer block would postpone the commit: the URL would leave before the event."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        record_committed(Kind.VIEWING_REQUESTED, by=NOA)
    assert AuditEvent.objects.count() == 0


def test_a_failed_commit_leaves_nothing(committed_db: None, admin_connection: psycopg.Connection) -> None:
    """The commit itself fails, after every statement went well: no event, no secret, no key."""
    admin_connection.execute("""
        CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE ''no commit''; END';
        CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON audit.event DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION public.fail()
    """)
    with pytest.raises(AuditUnavailable):
        record_committed(Kind.VIEWING_REQUESTED, by=NOA)
    counts = (AuditEvent.objects.count(), AuditSecret.objects.count(), AuditSubjectKey.objects.count())
    assert counts == (0, 0, 0)


def test_a_committed_block_is_committed_as_a_whole_or_not_at_all(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    with committed():
        first = record(Kind.VIEWING_REQUESTED, by=NOA)
        assert admin_connection.execute("SELECT event_id FROM audit.event").fetchall() == []
        second = record(Kind.URL_ISSUED, by=NOA)
    seen = admin_connection.execute("SELECT event_id FROM audit.event ORDER BY id").fetchall()
    assert seen == [(first,), (second,)]

    def broken(error: Exception) -> None:
        with committed():
            record(Kind.VIEWING_REQUESTED, by=NOA)
            raise error

    with pytest.raises(AuditUnavailable):
        broken(DatabaseError())
    with pytest.raises(KeyError):
        broken(KeyError())
    assert AuditEvent.objects.count() == 2
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic(), committed():
        record(Kind.VIEWING_REQUESTED, by=NOA)
    assert AuditEvent.objects.count() == 2


def test_a_refusal_is_committed_before_it_is_raised(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    with pytest.raises(KeyError, match="no such viewing"):
        refuse(KeyError("no such viewing"), Kind.VIEWING_DENIED, by=NOA, rule="play_recordings")
    rows = admin_connection.execute("SELECT kind, body FROM audit.event").fetchall()
    assert [(kind, json.loads(bytes(body))["outcome"]) for kind, body in rows] == [
        ("viewing.denied", "denied")
    ]


def test_a_refusal_that_cannot_be_committed_is_not_told(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    with pytest.raises(AuditUnavailable):
        refuse(KeyError("no such viewing"), Kind.VIEWING_DENIED, by=NOA)


def test_a_writer_that_may_not_write_says_so(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    with pytest.raises(AuditUnavailable):
        record_committed(Kind.VIEWING_REQUESTED, by=NOA)


def test_a_refused_event_leaves_the_callers_transaction_usable(
    committed_db: None, admin_connection: psycopg.Connection
) -> None:
    admin_connection.execute(
        "REVOKE EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) FROM auditportal_app"
    )
    with transaction.atomic():
        with pytest.raises(AuditUnavailable):
            record(Kind.VIEWING_REQUESTED, by=NOA)
        assert AuditEvent.objects.count() == 0


def _body(**more: Any) -> bytes:
    return rfc8785.dumps(
        {
            "v": 1,
            "id": "01890a5d-ac96-774b-bcce-b302099a8057",
            "type": "auth.signed_in",
            "outcome": "granted",
            "occurred_at": timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "actor": {"ref": "user:7"},
            "asserted_by": "server",
            **more,
        }
    )


def _send(body: bytes) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body])
        return int(cursor.fetchone()[0])


def test_the_same_event_sent_twice_is_one(db: None) -> None:
    """F30: the answer to a commit was lost, so it is sent again."""
    body = _body()
    assert _send(body) == _send(body)
    assert AuditEvent.objects.count() == 1


def test_the_same_id_with_other_bytes_is_refused(db: None) -> None:
    first = _send(_body())
    with pytest.raises(DatabaseError), transaction.atomic():
        _send(_body(outcome="denied"))
    assert list(AuditEvent.objects.values_list("id", "outcome")) == [(first, "granted")]


@pytest.mark.parametrize("missing", ["id", "type", "outcome", "occurred_at", "actor"])
def test_the_database_refuses_an_event_without_its_essentials(db: None, missing: str) -> None:
    body = json.loads(_body())
    del body[missing]
    with pytest.raises(DatabaseError), transaction.atomic():
        _send(rfc8785.dumps(body))
    assert AuditEvent.objects.count() == 0


@pytest.mark.parametrize(("off", "skewed"), [(0, False), (1.5, False), (2.6, True), (-900, True)])
def test_clocks_that_differ_are_flagged(db: None, off: float, skewed: bool) -> None:
    """The time that counts is the database's; the application's is kept beside it."""
    before = timezone.now()
    with time_machine.travel(before + timedelta(seconds=off), tick=True):
        event_id = record(Kind.SIGNED_IN, by=NOA)
    row = AuditEvent.objects.get(event_id=event_id)
    assert row.skewed is skewed
    assert abs((row.recorded_at - before).total_seconds()) < 1
    assert abs((row.occurred_at - before).total_seconds() - off) < 1


def test_the_columns_say_what_the_bytes_say(db: None) -> None:
    event_id = record(
        Kind.VIEWING_DENIED, by=NOA, target=CUSTOMER, outcome=Outcome.DENIED, purpose=Purpose.DISPUTE
    )
    row = AuditEvent.objects.get(event_id=event_id)
    assert (row.kind, row.outcome, row.actor_ref, row.actor_role) == (
        "viewing.denied",
        "denied",
        "user:7",
        "compliance_officer",
    )
    assert (row.target_kind, row.target_ref, row.parent_ref, row.purpose) == (
        "recording",
        "recording:1",
        "object:1407374990000101",
        "dispute",
    )


def test_ids_follow_time(db: None) -> None:
    ids = [record(Kind.SIGNED_IN, by=NOA) for _ in range(3)]
    assert all(uuid.UUID(str(event_id)).version == 7 for event_id in ids)
