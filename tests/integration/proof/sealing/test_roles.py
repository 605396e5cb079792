"""The sealed log's tables: what the application and the sealer try with plain SQL, and are refused."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from auditportal.embedded import Services
from tests.sealing import seal_all, write_events

KEPT = ("leaf", "tile", "checkpoint", "cosignature", "anchor", "incident")
CACHES = ("log_head", "outside")
PERSONAL = ("personal", "subject_key")
COLUMN = {"leaf": "n", "tile": "level", "checkpoint": "size", "cosignature": "size", "anchor": "size",
          "incident": "code", "event": "kind", "log_head": "size",
          "outside": "name", "personal": "fields", "subject_key": "subject"}  # fmt: skip
EVERYTHING = ("event", *PERSONAL, *KEPT, *CACHES)

# Neither login may do any of these.
NOBODY = [
    *(f"UPDATE audit.{table} SET {COLUMN[table]} = {COLUMN[table]}" for table in ("event", *KEPT, *PERSONAL)),
    *(f"DELETE FROM audit.{table}" for table in EVERYTHING),
    *(f"TRUNCATE audit.{table}" for table in EVERYTHING),
    *(f"DROP TABLE audit.{table}" for table in KEPT),
    *(f"ALTER TABLE audit.{table} DISABLE TRIGGER ALL" for table in ("event", *KEPT)),
    *(f"ALTER TABLE audit.{table} ENABLE REPLICA TRIGGER {table}_is_kept" for table in KEPT),
    *(f"LOCK TABLE audit.{table} IN ACCESS EXCLUSIVE MODE" for table in KEPT[:2]),
    "INSERT INTO audit.event DEFAULT VALUES",
    "INSERT INTO audit.personal DEFAULT VALUES",
    "INSERT INTO audit.subject_key DEFAULT VALUES",
    "COPY audit.event FROM STDIN",
    "ALTER TABLE audit.leaf DROP CONSTRAINT leaf_check",
    "ALTER TABLE audit.leaf OWNER TO CURRENT_USER",
    "DROP INDEX audit.leaf_by_object",
    "CREATE INDEX mine ON audit.leaf (n)",
    "ALTER TABLE audit.checkpoint ADD COLUMN more text",
    "CREATE TRIGGER mine BEFORE INSERT ON audit.leaf FOR EACH ROW EXECUTE FUNCTION audit.refuse_change()",
    "DROP TRIGGER leaf_is_kept ON audit.leaf",
    "CREATE RULE swallow AS ON INSERT TO audit.leaf DO INSTEAD NOTHING",
    "CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "ALTER FUNCTION audit.refuse_change() RENAME TO allow_change",
    "ALTER FUNCTION audit.record_event(bytea, text[], text[], bytea[]) SECURITY INVOKER",
    "DROP FUNCTION audit.record_event(bytea, text[], text[], bytea[])",
    "CREATE TABLE audit.mine (id int)",
    "CREATE FUNCTION audit.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP SCHEMA audit CASCADE",
    "CREATE SCHEMA mine",
    "SET session_replication_role = replica",
    "SET ROLE auditportal_owner",
    "SET ROLE portal_migrator",
    "SET SESSION AUTHORIZATION postgres",
    "COPY audit.leaf TO PROGRAM 'cat'",
    "COPY audit.leaf TO '/tmp/leaves'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "CREATE ROLE mine LOGIN",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION audit.refuse_change()",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE c AS 'libc', 'getpid'",
]  # fmt: skip
APPLICATION = [
    *(f"INSERT INTO audit.{table} DEFAULT VALUES" for table in (*KEPT, *CACHES)),
    *(f"COPY audit.{table} FROM STDIN" for table in ("leaf", "checkpoint", "log_head")),
    *(f"UPDATE audit.{table} SET {COLUMN[table]} = {COLUMN[table]}" for table in CACHES),
    "SELECT FROM audit.log_head FOR UPDATE",
    "SELECT FROM audit.leaf FOR KEY SHARE",
    "SET ROLE auditportal_sealer",
    "SET ROLE portal_sealer",
]
SEALER = [
    *(f"SELECT FROM audit.{table}" for table in PERSONAL),
    *(f"COPY audit.{table} TO STDOUT" for table in PERSONAL),
    "SELECT audit.ensure_subject_key('user:1', 'key')",
    "UPDATE audit.event SET recorded_at = now()",
    "SELECT FROM audit.event FOR UPDATE",
    "SELECT FROM recordings_recording",
    "SELECT FROM accounts_user",
    "SELECT FROM django_session",
    "DELETE FROM recordings_viewing",
    "SET ROLE auditportal_app",
    "SET ROLE auditportal_reader",
    "SET ROLE portal_web",
]


def refused(url: str, statement: str) -> bool:
    """Tell whether a statement is refused for lack of a right. Its changes are rolled back."""
    with psycopg.connect(url) as connection:
        try:
            connection.execute(statement)
        except errors.InsufficientPrivilege:
            return True
        finally:
            connection.rollback()
    return False


@pytest.mark.parametrize("statement", [*NOBODY, *APPLICATION])
def test_the_application_may_not(db: None, services: Services, statement: str) -> None:
    assert refused(services.database_url, statement)


@pytest.mark.parametrize("statement", [*NOBODY, *SEALER])
def test_the_sealer_may_not(db: None, services: Services, statement: str) -> None:
    assert refused(services.sealer_url, statement)


def test_the_sealer_may_do_its_work(db: None, services: Services) -> None:
    """Otherwise the refusals above could be those of a role without any rights."""
    for statement in ("SELECT FROM audit.log_head FOR UPDATE", "SELECT body FROM audit.event",
                      "INSERT INTO audit.incident (code, detail) VALUES ('a', 'b')"):  # fmt: skip
        assert not refused(services.sealer_url, statement)


@pytest.fixture
def owner(committed_db: None, services: Services) -> Iterator[psycopg.Connection]:
    """The owner of every table, connected to a log that has rows in all of them."""
    write_events(services, 300)
    size = seal_all(services, manifest=True)
    with psycopg.connect(services.sealer_url, autocommit=True) as sealer:
        sealer.execute(
            "INSERT INTO audit.cosignature (size, witness, line, time) VALUES (%s, 'a', 'b', now())", [size]
        )
        sealer.execute(
            "INSERT INTO audit.anchor (kind, size, place, evidence, time) VALUES ('mail', %s, 'a', 'b', now())",
            [size],
        )
        sealer.execute("INSERT INTO audit.incident (code, detail) VALUES ('a', 'b')")
    with psycopg.connect(services.owner_url, autocommit=True) as connection:
        yield connection


def test_triggers_stop_the_owner_and_a_superuser_in_replica_mode(
    owner: psycopg.Connection, admin_connection: psycopg.Connection
) -> None:
    assert owner.execute("SELECT current_user").fetchone() == ("auditportal_owner",)
    admin_connection.execute("SET session_replication_role = replica")
    for connection in (owner, admin_connection):
        for table in KEPT:
            counted = connection.execute(f"SELECT count(*) FROM audit.{table}").fetchone()
            assert counted
            assert counted[0] > 0
            for statement in (
                f"UPDATE audit.{table} SET {COLUMN[table]} = {COLUMN[table]}",
                f"DELETE FROM audit.{table}",
                f"TRUNCATE audit.{table} CASCADE",
            ):
                with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                    connection.execute(statement)
