"""The personal values of an event rest in one row: what goes in comes out; what does not fit together is refused."""

from importlib import import_module
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from recordings.audit import Actor, Kind, Target, record
from recordings.audit.arrays import blobs, texts
from recordings.audit.opened import open_event
from recordings.models import AuditEvent, AuditSecret
from tests.sealing import event_body

AWKWARD = ["", "a,b", '"quoted"', "back\\slash\\", "{brace}", "NULL", "דנה", " blank "]


def test_arrays_come_back_as_they_were(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text[], %s::bytea[]", [texts(AWKWARD), blobs([b"", b"\0\\x\xff"])])
        words, pieces = cursor.fetchone()
    assert words == AWKWARD
    assert list(map(bytes, pieces)) == [b"", b"\0\\x\xff"]


def test_a_subject_with_an_awkward_name_is_opened_again(db: None) -> None:
    by = Actor('user:"7"\\,{}', "person", "Noa Levi")
    event = open_event(
        record(Kind.OBJECT_OPENED, by=by, target=Target("object", "object:1", "Dana", subject="a,b"))
    )
    assert event is not None
    assert (event.private("actor.name"), event.private("object.label")) == ("Noa Levi", "Dana")


def test_an_event_has_one_row_and_the_view_one_for_each_value(db: None) -> None:
    record(
        Kind.OBJECT_OPENED, by=Actor("user:7", "person", "Noa"), target=Target("object", "object:1", "Dana")
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT fields, subjects FROM audit.personal")
        rows = cursor.fetchall()
    assert rows == [(["actor.name", "object.label"], ["user:7", "object:1"])]
    seen = AuditSecret.objects.order_by("field").values_list("field", "subject")
    assert list(seen) == [("actor.name", "user:7"), ("object.label", "object:1")]


@pytest.mark.parametrize(
    ("fields", "subjects", "sealed"),
    [
        ("{actor.name}", "{}", "{x}"),
        ("{actor.name}", "{user:7,user:8}", "{x}"),
        ("{actor.name}", "{user:7}", "{}"),
        ("{NULL}", "{user:7}", "{x}"),
        ("{actor.name}", "{NULL}", "{x}"),
        ("{actor.name}", "{user:7}", "{NULL}"),
        (None, "{user:7}", "{x}"),
    ],
)
def test_values_that_do_not_fit_together_are_refused(
    db: None, fields: str | None, subjects: str, sealed: str
) -> None:
    _, body = event_body()
    with (
        pytest.raises(DatabaseError, match=r"needs a field and a subject|null value in column"),
        transaction.atomic(),
    ):
        connection.cursor().execute(
            "SELECT audit.record_event(%s, %s, %s, %s)", [body, fields, subjects, sealed]
        )
    assert not AuditEvent.objects.exists()


def test_a_value_under_a_key_that_is_not_given_is_refused(db: None) -> None:
    """Who may seal under a key must show that it is the one in force, for every value."""
    _, body = event_body()
    statement = "SELECT audit.record_event_under(%s, '{actor.name}', '{user:7}', '{x}', '{}', '{}')"
    with connection.cursor() as cursor:
        cursor.execute(statement, [body])
        assert cursor.fetchone() == ("other keys",)
    assert not AuditEvent.objects.exists()


def test_the_previous_release_goes_on_writing(db: None) -> None:
    """It gives a key for each value, and reads the values one by one."""
    record(Kind.SIGNED_IN, by=Actor("user:7", "person", "Noa"))
    event_id, body = event_body()
    given = "'{actor.name,source.ip}', '{user:7,user:7}', '{x,y}', array[wrapped, wrapped]"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT audit.record_event_under(%s, {given}) FROM audit.subject_key WHERE subject = 'user:7'",
            [body],
        )
        assert cursor.fetchone() == ("recorded",)
    rows = (
        AuditSecret.objects.filter(event_id=event_id)
        .order_by("field")
        .values_list("field", "subject", "sealed")
    )
    assert [(field, subject, bytes(sealed)) for field, subject, sealed in rows] == [
        ("actor.name", "user:7", b"x"),
        ("source.ip", "user:7", b"y"),
    ]


_AS_IT_WAS = """
DROP VIEW audit.secret;
DROP TABLE audit.personal;
CREATE TABLE audit.secret (event_id uuid NOT NULL, field text NOT NULL, subject text NOT NULL, sealed bytea NOT NULL,
                           PRIMARY KEY (event_id, field));
"""


def test_rows_of_the_release_before_move_into_theirs(db: None, admin_connection: psycopg.Connection) -> None:
    migration = import_module("recordings.migrations.0013_personal_values")
    first, second = UUID(int=1), UUID(int=2)
    before = [
        (first, "actor.name", "user:7", b"a"),
        (first, "object.label", "customer:1", b"b"),
        (second, "actor.name", "user:8", b"c"),
    ]
    with admin_connection.transaction(force_rollback=True), admin_connection.cursor() as cursor:
        cursor.execute(_AS_IT_WAS)
        cursor.executemany("INSERT INTO audit.secret VALUES (%s, %s, %s, %s)", before)
        cursor.execute(migration.TABLE)
        after = cursor.execute("SELECT * FROM audit.secret ORDER BY event_id, field").fetchall()
        rows = cursor.execute("SELECT event_id, fields FROM audit.personal ORDER BY event_id").fetchall()
    assert after == before
    assert rows == [(first, ["actor.name", "object.label"]), (second, ["actor.name"])]
