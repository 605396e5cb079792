"""The state of an outside party: when it raises an alarm, and what the page shows."""

from datetime import timedelta

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.anchors import ledger
from recordings.proof.anchors.ledger import Connection
from recordings.proof.anchors.state import Party, outside_parties
from tests.integration.proof.anchors.conftest import Log

EVERY = timedelta(seconds=10)


def _party() -> Party:
    (party,) = outside_parties()
    return party


def _age(admin: Connection, **by: str) -> None:
    """Date these checkpoints back (`s12="1 minute"`)."""
    admin.execute("ALTER TABLE audit.checkpoint DISABLE TRIGGER ALL")
    for size, interval in by.items():
        admin.execute(
            "UPDATE audit.checkpoint SET signed_at = signed_at - %s::interval WHERE size = %s",
            [interval, size[1:]],
        )


def test_a_party_that_was_never_reached_alarms_after_three_intervals(
    log: Log, sealer: Connection, admin_connection: Connection
) -> None:
    ledger.register(sealer, {"witness Eva": EVERY})
    assert not _party().alarm  # there is nothing it could know yet
    size = log.grow()
    assert not _party().alarm
    _age(admin_connection, **{f"s{size}": "29 seconds"})
    assert not _party().alarm
    _age(admin_connection, **{f"s{size}": "2 seconds"})
    assert _party().alarm
    assert (_party().success_at, _party().size) == (None, None)


def test_a_log_that_does_not_grow_raises_no_alarm(
    log: Log, sealer: Connection, admin_connection: Connection
) -> None:
    """With nothing new for a month, there is nothing to publish; the alarm counts from a new checkpoint."""
    ledger.register(sealer, {"bucket": EVERY})
    first = log.grow()
    ledger.record_success(sealer, "bucket", first, "")
    _age(admin_connection, **{f"s{first}": "30 days"})
    admin_connection.execute("UPDATE audit.outside SET success_at = success_at - interval '30 days'")
    assert not _party().alarm
    second = log.grow()
    assert not _party().alarm
    _age(admin_connection, **{f"s{second}": "31 seconds"})
    assert _party().alarm
    ledger.record_success(sealer, "bucket", second, "")
    assert not _party().alarm


def test_trouble_is_shown_beside_the_last_success(log: Log, sealer: Connection) -> None:
    ledger.register(sealer, {"timestamp": EVERY})
    size = log.grow()
    ledger.record_success(sealer, "timestamp", size, "")
    before = _party()
    ledger.record_failure(sealer, "timestamp", "The server returned status 503.")
    after = _party()
    assert (before.words, before.every, before.trouble) == ("Time stamp", EVERY, "")
    assert (after.success_at, after.size, after.trouble) == (
        before.success_at,
        size,
        "The server returned status 503.",
    )
    assert before.asked_at is not None
    assert after.asked_at is not None
    assert after.asked_at > before.asked_at


def test_the_order_and_the_labels(log: Log, sealer: Connection) -> None:
    names = ["timestamp", "witness Zoe", "mail", "bucket", "policy", "witness Eva"]
    ledger.register(sealer, dict.fromkeys(names, EVERY))
    assert [party.words for party in outside_parties()] == [
        "Witness Eva",
        "Witness Zoe",
        "Locked bucket",
        "Daily mail",
        "Trust policy",
        "Time stamp",
    ]


def test_a_party_that_is_no_longer_served_disappears_and_may_return(log: Log, sealer: Connection) -> None:
    ledger.register(sealer, {"mail": EVERY})
    ledger.record_failure(sealer, "mail", "no")
    ledger.register(sealer, {})
    assert outside_parties() == []
    ledger.register(sealer, {"mail": EVERY})
    assert (_party().name, _party().trouble) == ("mail", "")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit.outside",
        "DELETE FROM audit.cosignature",
        "UPDATE audit.cosignature SET line = ''",
        "UPDATE audit.anchor SET size = 0",
        "DELETE FROM audit.anchor",
        "TRUNCATE audit.incident",
        "DELETE FROM audit.incident",
        "SELECT * FROM audit.personal",
        "SELECT * FROM audit.secret",
        "SELECT * FROM auth_group",
    ],
)
def test_what_the_publishers_role_must_not_do(log: Log, services: Services, statement: str) -> None:
    with (
        psycopg.connect(services.sealer_url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)
