"""Reported incidents get their event and leaf with the next batch; rows that cannot have one do not block sealing."""

import json

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.models.fields import uuid7
from recordings.proof.sealing.incidents import open_incidents, record_incident
from recordings.proof.sealing.service import Sealer
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
from tests.sealing import ORIGIN, event_body, seal_all, signer_of, write_events

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_incident_that_does_not_stop_sealing_is_logged_once_and_closed(services: Services) -> None:
    seal_all(services)
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        assert record_incident(connection, "witness_refused", "It says: Bearer abcdef")
        assert record_incident(connection, "witness_refused", "It says: Bearer abcdef") is None
    write_events(services, 1)
    seal_all(services)
    write_events(services, 1)
    assert seal_all(services) == 4
    assert kinds(services)[2] == "sealer.incident"
    ((event_id, said),) = rows(services, "SELECT event_id, detail FROM audit.incident")
    assert rows(services, "SELECT n FROM audit.leaf WHERE event_id = %s", event_id) == [(2,)]
    assert said == "It says: Bearer ***"
    signer = signer_of(services)
    assert Sealer(services.sealer_url, ORIGIN, signer).close_incidents("the witness was mended") == 1
    with psycopg.connect(services.sealer_url) as connection:
        assert open_incidents(connection) == []
    ((body,),) = rows(
        services, "SELECT body FROM audit.event WHERE kind = 'sealer.incident' ORDER BY id DESC LIMIT 1"
    )
    assert json.loads(body)["action_detail"]["settled"] == "the witness was mended"
    check_log(services)


def test_rows_that_no_event_can_hold_do_not_stop_sealing(services: Services) -> None:
    """The sealer's login inserts an incident of a megabyte, and one with the id of an existing event."""
    seal_all(services)
    (event_id,) = write_events(services, 1)
    insert = "INSERT INTO audit.incident (code, detail, event_id) VALUES (%s, %s, %s)"
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        connection.execute(insert, ["x" * 10_000, "y" * 1_000_000, uuid7()])
        connection.execute(insert, ["x", "y", event_id])
    write_events(services, 1)
    assert seal_all(services) == 1 + 2 + 1
    assert sorted(kinds(services)[1:]) == ["recording.opened", "recording.opened", "sealer.incident"]
    assert Sealer(services.sealer_url, ORIGIN, signer_of(services)).close_incidents("looked at") == 2
    with psycopg.connect(services.sealer_url) as connection:
        assert open_incidents(connection) == []
    check_log(services)


def test_using_the_id_that_an_incident_reserved_does_not_stop_sealing(services: Services) -> None:
    """With the application's login, one session reports an incident, and another locks or uses the id of its event."""
    size = seal_all(services)
    with psycopg.connect(services.database_url) as one, psycopg.connect(services.database_url) as other:
        one.execute("SELECT audit.note_trouble('values_damaged', 'x')")
        ((reserved,),) = one.execute("SELECT event_id::text FROM audit.incident").fetchall()
        _, body = event_body(id=reserved)
        other.execute("SELECT audit.record_event(%s, '{}', '{}', '{}')", [body])
        one.commit()
        write_events(services, 1)
        assert seal_all(services) == size + 1
        other.commit()
    write_events(services, 1)
    assert seal_all(services) == size + 3
    assert rows(services, "SELECT DISTINCT code FROM audit.incident") == [("values_damaged",)]
    check_log(services)
