"""The strip on the trail's pages, over real logs: every word of it is so."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from django.test import Client

from auditportal.embedded import Services
from recordings.models import AuditEvent
from recordings.tlog.notes import SigningKey
from tests.integration.proof.evidence.pages import Log, settle, text_of


def strip(client: Client) -> tuple[str, str]:
    log = client.get("/audit/").context["log"]
    return log.tone, log.word


def test_a_log_that_is_not_opened_is_said_to_be_none(client: Client) -> None:
    assert strip(client) == ("warn", "Not sealed")


def test_the_ladder_from_self_signed_to_witnessed(client: Client, opened: Callable[..., Log]) -> None:
    log = opened()
    log.write(3)
    log.seal()
    assert strip(client) == ("info", "CONSISTENT (self-signed only)")


def test_a_witness_is_named(client: Client, opened: Callable[..., Log]) -> None:
    log = opened("Internal-Audit", "Ernst")
    log.write(3)
    size = log.seal()
    response = client.get("/audit/")
    assert (response.context["log"].tone, response.context["log"].word) == (
        "ok",
        "WITNESSED by Ernst, Internal-Audit",
    )
    assert f"witnessed up to {size}" in text_of(response)


def test_a_cosignature_that_does_not_verify_hides_no_genuine_one(
    client: Client, opened: Callable[..., Log], admin_connection: psycopg.Connection
) -> None:
    log = opened("Internal-Audit")
    log.write()
    size = log.seal()
    forged = (
        "— Internal-Audit.example "
        + base64.b64encode(
            log.signer.witness_keys["Internal-Audit"].key_id + bytes(7) + b"\x01" + bytes(64)
        ).decode()
    )
    admin_connection.execute(
        "INSERT INTO audit.cosignature (size, witness, line, time) VALUES (%s, %s, %s, now() + interval '1 day')",
        [size, "Internal-Audit", forged],
    )
    assert strip(client) == ("ok", "WITNESSED by Internal-Audit")


def test_events_that_wait_for_too_long_are_an_alarm(
    client: Client, opened: Callable[..., Log], settings: Any
) -> None:
    log = opened()
    log.write()
    log.seal()
    settings.AUDIT_LAG_ALARM_SECONDS = 0
    response = client.get("/audit/")  # this reading is itself an event that nobody seals
    assert response.context["log"].word == "Sealing is behind"
    assert response.context["log"].tone == "warn"


def test_leaves_without_a_signature_are_an_alarm(
    client: Client, opened: Callable[..., Log], settings: Any, services: Services
) -> None:
    from tests.sealing import load_log, seal_unsigned

    log = opened()
    log.write()
    log.seal()
    log.write()
    client.get("/audit/")
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        seal_unsigned(connection, load_log(connection, log.signer))
        connection.execute("SELECT pg_sleep(1.2)")
    settings.AUDIT_LAG_ALARM_SECONDS = 1
    assert strip(client) == ("warn", "Sealed, not signed")


def test_an_open_incident_is_what_the_strip_says_first(
    client: Client, opened: Callable[..., Log], services: Services
) -> None:
    log = opened()
    log.write()
    log.seal()
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO audit.incident (code, detail) VALUES ('event_altered', 'Event 3 differs.')"
        )
    response = client.get("/audit/")
    assert response.context["log"].tone == "bad"
    assert "1 incident open Event 3 differs." in text_of(response)
    assert settle(services, log.signer, "Seen to.") == 1
    log.seal()
    assert strip(client)[0] == "info"


def test_a_policy_that_does_not_know_our_key_makes_it_invalid(
    client: Client, opened: Callable[..., Log], settings: Any, tmp_path: Path
) -> None:
    log = opened()
    log.write()
    log.seal()
    other = tmp_path / "other.txt"
    stranger = SigningKey.generate(log.signer.origin)
    other.write_text(f"log {stranger.vkey}\nquorum none\n")
    settings.AUDIT_POLICY_FILE = other
    assert strip(client) == ("bad", "INVALID")
    other.write_text("quorum nobody\n")
    assert strip(client) == ("bad", "INVALID")


def test_asking_for_the_strip_again_is_no_reading(client: Client, opened: Callable[..., Log]) -> None:
    opened()
    before = AuditEvent.objects.count()
    response = client.get("/audit/strip/", headers={"HX-Request": "true", "X-Poll": "true"})
    assert response.content.decode().count('id="log-strip"') == 1
    assert AuditEvent.objects.count() == before
