"""One event: that it agrees with itself, its exact bytes, and that what was changed behind its back shows."""

import hashlib
import uuid

import psycopg
import pytest

from auditportal.accounts.models import User
from recordings.models import AuditEvent
from tests.integration.trail.helpers import opened, signed_in


def test_an_event_shows_that_it_agrees_with_itself(noa: User) -> None:
    event = opened(noa, 1407374990000101, "דנה מרלו")
    response = signed_in(noa).get(f"/audit/events/{event}/")
    examined = response.context["examined"]
    assert (examined.all_holds, examined.hash_holds, examined.disagreeing) == (True, True, ())
    assert {value.field: (value.value, value.holds) for value in examined.commitments} == {
        "actor.name": ("Noa Levi", True),
        "object.label": ("דנה מרלו", True),
    }
    assert "Consistent" in response.content.decode()


def test_its_exact_bytes_can_be_fetched_and_hashed(noa: User) -> None:
    event = opened(noa, 1)
    response = signed_in(noa).get(f"/audit/events/{event}/body")
    row = AuditEvent.objects.get(event_id=event)
    assert hashlib.sha256(response.content).digest() == bytes(row.body_hash)
    assert response["Content-Disposition"] == f'attachment; filename="event-{event}.json"'
    assert (response["X-Content-Type-Options"], response["Cache-Control"]) == ("nosniff", "no-store")


def test_an_erased_person_reads_erased_and_contradicts_nothing(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    event = opened(noa, 1, "Dana Marlowe")
    admin_connection.execute("DELETE FROM audit.subject_key WHERE subject = 'customer:1'")
    examined = signed_in(noa).get(f"/audit/events/{event}/").context["examined"]
    assert [(value.field, value.erased) for value in examined.commitments] == [
        ("actor.name", False),
        ("object.label", True),
    ]
    assert examined.all_holds


TAMPERED = {
    "kind": ("UPDATE audit.event SET kind = 'object.closed'", ("kind",)),
    "actor": ("UPDATE audit.event SET actor_ref = 'user:99'", ("actor_ref",)),
    "target": ("UPDATE audit.event SET target_ref = 'object:2'", ("target_ref",)),
    "id": ("UPDATE audit.event SET event_id = '01890a5d-ac96-774b-bcce-b302099a8057'", ("event_id",)),
    "body": (
        "UPDATE audit.event SET body = convert_to(replace(convert_from(body, 'UTF8'), 'object:1', 'object:2'), 'UTF8'),"
        " body_hash = sha256(convert_to(replace(convert_from(body, 'UTF8'), 'object:1', 'object:2'), 'UTF8'))",
        ("target_ref",),
    ),
}


@pytest.mark.parametrize(("statement", "disagreeing"), TAMPERED.values(), ids=TAMPERED.keys())
def test_what_a_superuser_changed_shows(
    committed_db: None,
    noa: User,
    admin_connection: psycopg.Connection,
    statement: str,
    disagreeing: tuple[str, ...],
) -> None:
    """A16, as far as one event alone can tell; hash and bytes changed together are for the sealed log to find."""
    event = opened(noa, 1)
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    admin_connection.execute(statement + f" WHERE event_id = '{event}'")
    if "event_id =" in statement.partition("WHERE")[0]:
        event = uuid.UUID("01890a5d-ac96-774b-bcce-b302099a8057")
    response = signed_in(noa).get(f"/audit/events/{event}/")
    assert response.context["examined"].disagreeing == disagreeing
    assert "This event is inconsistent" in response.content.decode()


def test_a_hash_that_does_not_fit_shows(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    event = opened(noa, 1)
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL, DROP CONSTRAINT event_check")
    admin_connection.execute("UPDATE audit.event SET body_hash = sha256('x') WHERE event_id = %s", [event])
    response = signed_in(noa).get(f"/audit/events/{event}/")
    assert not response.context["examined"].hash_holds
    assert "The hash of the bytes is not the stored hash." in response.content.decode()


def test_a_value_that_was_exchanged_shows(
    committed_db: None, noa: User, admin_connection: psycopg.Connection
) -> None:
    """A2: another name for an event. Its ciphertext is bound to event and field, so it reads as erased."""
    event, other = opened(noa, 1, "Dana"), opened(noa, 1, "Somebody else")
    admin_connection.execute(
        "UPDATE audit.personal SET sealed[array_position(fields, 'object.label')] ="
        " (SELECT sealed FROM audit.secret WHERE event_id = %s AND field = 'object.label') WHERE event_id = %s",
        [other, event],
    )
    content = signed_in(noa).get(f"/audit/events/{event}/").content.decode()
    assert "Somebody else" not in content
