"""The sealer under failures and attacks: an altered event, a lost database, a signer that does not answer."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from structlog.testing import capture_logs

from auditportal.embedded import Embedded, Services
from recordings.proof.sealing import service
from recordings.proof.sealing.errors import Stopped
from recordings.proof.sealing.service import Sealer
from recordings.tlog.client import Unreachable
from recordings.tlog.merkle import root
from tests.integration.proof.sealing.test_command import signed_size
from tests.integration.proof.sealing.test_late import ANTI_JOIN
from tests.integration.proof.sealing.test_seal import check_log, kinds, rows
from tests.sealing import ORIGIN, Signer, load_log, seal_all, seal_unsigned, signer_of, write_events
from tests.waiting import wait_for

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def running(services: Services, signer: Any, **more: Any) -> Iterator[Sealer]:
    """Run a sealer in a thread."""
    stop = threading.Event()
    sealer = Sealer(services.sealer_url, ORIGIN, signer, stop=stop, **more)
    thread = threading.Thread(target=sealer.run)
    thread.start()
    try:
        yield sealer
    finally:
        stop.set()
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def signer(services: Services, monkeypatch: pytest.MonkeyPatch) -> Signer:
    monkeypatch.setattr(service, "_RETRY_SECONDS", 0.1)
    return signer_of(services)


# --- attacks


@pytest.fixture
def superuser(admin_connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """A superuser who has disabled the triggers and dropped the constraints."""
    admin_connection.execute("ALTER TABLE audit.event DISABLE TRIGGER ALL")
    admin_connection.execute("ALTER TABLE audit.leaf DISABLE TRIGGER ALL")
    for (name,) in admin_connection.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'audit.event'::regclass AND contype = 'c'"
    ).fetchall():
        admin_connection.execute(f"ALTER TABLE audit.event DROP CONSTRAINT {name}")
    return admin_connection


@pytest.mark.parametrize(
    "edit",
    [
        "body = replace(convert_from(body, 'UTF8'), 'user:1', 'user:2')::bytea",
        "body_hash = sha256('other')",
        "event_id = gen_random_uuid()",
    ],
)
def test_an_event_edited_before_it_is_sealed_stops_sealing(
    services: Services, signer: Signer, superuser: psycopg.Connection[Any], edit: str
) -> None:
    """An event is edited between its commit and its sealing. Adjusting its hash or its id as well does not help."""
    seal_all(services)
    (event,) = write_events(services, 1)
    before = rows(
        services, "SELECT body, body_hash, event_id, id FROM audit.event WHERE event_id = %s", event
    )
    superuser.execute(f"UPDATE audit.event SET {edit} WHERE event_id = %s", [event])
    write_events(services, 1)
    for _ in range(2):
        with pytest.raises(Stopped, match=r"The body of event .* (does not match its hash|is the body of)"):
            seal_all(services)
    assert rows(services, "SELECT code, settles FROM audit.incident") == [("event_altered", None)]
    assert rows(services, "SELECT size FROM audit.log_head") == [(1,)]

    superuser.execute(
        "UPDATE audit.event SET body = %s, body_hash = %s, event_id = %s WHERE id = %s", before[0]
    )
    with pytest.raises(Stopped):  # the row is repaired, but the incident is still open
        seal_all(services)
    assert (
        Sealer(services.sealer_url, ORIGIN, signer).close_incidents("the row was restored from the backup")
        == 1
    )
    assert seal_all(services) == 4
    assert kinds(services)[1] == "sealer.incident"


def test_swapped_leaves_do_not_have_the_signed_root(
    services: Services, signer: Signer, superuser: psycopg.Connection[Any]
) -> None:
    """The leaf's number is part of the leaf, and the root depends on the order."""
    write_events(services, 5)
    seal_all(services)
    superuser.execute("UPDATE audit.leaf SET n = CASE n WHEN 2 THEN 103 ELSE 102 END WHERE n IN (2, 3)")
    superuser.execute("UPDATE audit.leaf SET n = n - 100 WHERE n > 100")
    hashes = [bytes(found) for (found,) in rows(services, "SELECT hash FROM audit.leaf ORDER BY n")]
    ((signed,),) = rows(services, "SELECT root FROM audit.checkpoint WHERE size = 6")
    assert root(hashes) != bytes(signed)
    with pytest.raises(AssertionError):
        check_log(services)


def test_the_log_head_row_is_not_trusted_and_is_corrected(
    services: Services, signer: Signer, superuser: psycopg.Connection[Any]
) -> None:
    write_events(services, 2)
    seal_all(services)
    superuser.execute(
        "UPDATE audit.log_head SET root = sha256('other'), size = 700, manifest_n = 2, parents_from = 2"
    )
    write_events(services, 1)
    assert seal_all(services) == 4
    ((size, root_kept, manifest_n, first),) = rows(
        services, "SELECT size, root, manifest_n, parents_from FROM audit.log_head"
    )
    ((signed,),) = rows(services, "SELECT root FROM audit.checkpoint WHERE size = 4")
    assert (size, bytes(root_kept), manifest_n, first) == (4, bytes(signed), -1, 0)


def test_a_deleted_leaf_is_noticed_by_the_signer(
    services: Services, signer: Signer, superuser: psycopg.Connection[Any]
) -> None:
    """The newest leaf is deleted and log_head set back. The log would continue differently, and is not signed."""
    seal_all(services)
    head = rows(services, "SELECT size, root FROM audit.log_head")[0]
    write_events(services, 1)
    seal_all(services)
    superuser.execute("DELETE FROM audit.leaf WHERE n = 1")
    superuser.execute("DELETE FROM audit.event WHERE kind = 'recording.opened'")
    superuser.execute("UPDATE audit.log_head SET size = %s, root = %s", head)
    with pytest.raises(Stopped, match=r"signer has seen 2 leaves of .*; this database has 1"):
        seal_all(services)


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        ("DELETE FROM audit.leaf WHERE n = 250", "Of the leaves 0 to 253, only 253 exist"),
        ("UPDATE audit.leaf SET n = 255 WHERE n = 3", "Of the leaves 0 to 255, only 254 exist"),
        (
            "UPDATE audit.leaf SET entry = entry || '\\x20' WHERE n = 3",
            "signer has seen a different history|does not belong to this log",
        ),
        (
            "UPDATE audit.log_head SET tag_key = sha256('other')",
            "The tag key in audit.log_head is not the one",
        ),
        ("DELETE FROM audit.log_head", "the log_head row with the tag key is missing"),
    ],
)
def test_leaves_other_than_those_signed_stop_sealing(
    services: Services, signer: Signer, superuser: psycopg.Connection[Any], edit: str, sentence: str
) -> None:
    write_events(services, 253)
    seal_all(services)
    superuser.execute("ALTER TABLE audit.leaf DROP CONSTRAINT leaf_check")
    superuser.execute(edit)
    write_events(services, 5)
    with pytest.raises(Stopped, match=sentence):
        seal_all(services)
    ((code,),) = rows(services, "SELECT code FROM audit.incident")
    assert code in ("head_differs", "database_differs")


def test_a_running_sealer_notices_that_leaves_disappear(
    services: Services, signer: Signer, superuser: psycopg.Connection[Any]
) -> None:
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_log(connection, signer)
        write_events(services, 3)
        seal_unsigned(connection, log)
        superuser.execute("DELETE FROM audit.leaf WHERE n >= 2")
        write_events(services, 1)
        with pytest.raises(Stopped, match="The log has 4 leaves, but the last in the database is leaf 1"):
            seal_unsigned(connection, log)


# --- failures


def test_a_lost_connection_is_opened_again(
    services: Services, signer: Signer, admin_connection: psycopg.Connection[Any]
) -> None:
    with capture_logs() as logs, running(services, signer):
        for turn in range(1, 4):
            write_events(services, 5)
            wait_for(lambda n=turn: signed_size(services) >= 5 * n)
            admin_connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'portal_sealer'"
                " AND datname = current_database()"
            )
        write_events(services, 1)
        wait_for(lambda: signed_size(services) == 17)
    events = [line["event"] for line in logs]
    assert events.count("waiting") == events.count("resumed") <= 3
    assert {line.get("reason") for line in logs} - {None} <= {"the database does not answer"}
    check_log(services)


class UnreliableSigner:
    """A signer that does not answer while `away` is set."""

    def __init__(self, signer: Signer) -> None:
        self._signer, self.away = signer, False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise Unreachable("Connection refused.")
        return getattr(self._signer, name)


def test_without_its_signer_the_log_grows_and_is_signed_later(services: Services, signer: Signer) -> None:
    unreliable = UnreliableSigner(signer)
    with capture_logs() as logs, running(services, unreliable):
        wait_for(lambda: signed_size(services) == 1)
        unreliable.away = True
        write_events(services, 3)
        wait_for(lambda: rows(services, "SELECT size FROM audit.log_head") == [(4,)])
        time.sleep(0.5)
        assert signed_size(services) == 1
        unreliable.away = False
        wait_for(lambda: signed_size(services) == 4)
    assert [line["event"] for line in logs if line["event"] in ("waiting", "resumed")] == [
        "waiting",
        "resumed",
    ]
    check_log(services)


def test_a_second_sealer_waits_for_the_first_to_end(services: Services, signer: Signer) -> None:
    with capture_logs() as logs:
        with running(services, signer):
            wait_for(lambda: signed_size(services) == 1)
            with running(services, signer):
                write_events(services, 3)
                wait_for(lambda: signed_size(services) == 4)
                wait_for(lambda: any("another sealer" in line.get("reason", "") for line in logs))
        with running(services, signer):
            write_events(services, 1)
            wait_for(lambda: signed_size(services) == 5)
    check_log(services)


def test_the_application_cannot_block_the_sealer_with_its_lock(services: Services, signer: Signer) -> None:
    """Any login can take advisory locks, but only another sealer's counts."""
    with psycopg.connect(services.database_url, autocommit=True) as application:
        application.execute("SELECT pg_advisory_lock(%s)", [service._LOCK_KEY])
        with running(services, signer):
            wait_for(lambda: signed_size(services) == 1)


def test_an_incident_ends_the_sealer(services: Services, signer: Signer) -> None:
    with psycopg.connect(services.sealer_url, autocommit=True) as connection:
        log = load_log(connection)
        connection.execute(
            "INSERT INTO audit.incident (code, detail) VALUES ('event_altered', 'Look at it.')"
        )
        with pytest.raises(Stopped, match="Look at it"):
            seal_unsigned(connection, log)
    with pytest.raises(Stopped, match="Look at it"):
        Sealer(services.sealer_url, ORIGIN, signer).run()


@pytest.mark.slow
def test_a_database_that_restarts_while_events_are_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test's own PostgreSQL server stops while the sealer is running."""
    monkeypatch.setattr(service, "_RETRY_SECONDS", 0.1)
    embedded, signer = Embedded(tmp_path / "own", durable=False, redis=False), Signer()
    try:
        services = embedded.start()
        migrate(services)
        with running(services, signer):
            for turn in range(1, 3):
                write_events(services, 200)
                embedded.stop()
                services = embedded.start()
                write_events(services, 1)
                wait_for(partial(_is_signed, services, 1 + 201 * turn))
        assert rows(services, ANTI_JOIN) == []
        check_log(services)
    finally:
        embedded.remove()
        signer.remove()


def _is_signed(services: Services, size: int) -> bool:
    return signed_size(services) == size


def migrate(services: Services) -> None:
    """Create the tables, in a separate process."""
    import os
    import subprocess
    import sys

    from tests.integration.proof.sealing.processes import ROOT

    environment = {
        **os.environ,
        "DATABASE_URL": services.database_url,
        "DATABASE_OWNER_URL": services.owner_url,
    }
    command = [sys.executable, "manage.py", "migrate", "--database", "owner", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
