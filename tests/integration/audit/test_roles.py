"""Who may change the trail: nobody. Not the application, not the owner, not a superuser by plain SQL (A15)."""

import hashlib
from collections.abc import Iterator

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction
from psycopg import errors

from auditportal.embedded import Services
from recordings.audit import Actor, Kind, record
from recordings.models import AuditEvent

NOA = Actor("user:7", "person", "Noa Levi", "compliance_officer")
DENIED = errors.InsufficientPrivilege
TABLES = ("event", "personal", "subject_key")


@pytest.fixture
def one_event(committed_db: None) -> None:
    record(Kind.SIGNED_IN, by=NOA)


@pytest.fixture
def owner(one_event: None, services: Services) -> Iterator[psycopg.Connection]:
    """The login of migrations, working as the owner of every table."""
    with psycopg.connect(services.owner_url, autocommit=True) as connection:
        yield connection


def number_of_events(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT count(*) FROM audit.event").fetchone()
    assert row
    return int(row[0])


ATTEMPTS = [
    *(
        f"INSERT INTO audit.{table} OVERRIDING SYSTEM VALUE SELECT * FROM audit.{table}"
        for table in TABLES
        if table != "event"  # which has a generated column
    ),
    "INSERT INTO audit.event (id, event_id) OVERRIDING SYSTEM VALUE SELECT id, event_id FROM audit.event",
    "UPDATE audit.event SET kind = 'nothing.happened'",
    "UPDATE audit.personal SET subjects = '{user:8}'",
    "UPDATE audit.subject_key SET wrapped = ''",
    *(f"DELETE FROM audit.{table}" for table in TABLES),
    *(f"TRUNCATE audit.{table}" for table in TABLES),
    *(f"DROP TABLE audit.{table}" for table in TABLES),
    "DROP SCHEMA audit CASCADE",
    "DROP FUNCTION audit.record_event(bytea, text[], text[], bytea[])",
    "ALTER TABLE audit.event DISABLE TRIGGER ALL",
    "ALTER TABLE audit.event DISABLE TRIGGER event_is_kept",
    "ALTER TABLE audit.event DROP CONSTRAINT event_check",
    "ALTER TABLE audit.event ALTER COLUMN kind DROP NOT NULL",
    "ALTER TABLE audit.event OWNER TO portal_web",
    "ALTER FUNCTION audit.refuse_change() RENAME TO allow_change",
    "CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    "CREATE TRIGGER mine BEFORE INSERT ON audit.event FOR EACH ROW EXECUTE FUNCTION audit.refuse_change()",
    "CREATE RULE swallow AS ON INSERT TO audit.event DO INSTEAD NOTHING",
    "CREATE TABLE audit.mine (id int)",
    "SET session_replication_role = replica",
    "SET ROLE auditportal_owner",
    "SET SESSION AUTHORIZATION postgres",
    "LOCK TABLE audit.event IN ACCESS EXCLUSIVE MODE",
    "COPY audit.event FROM STDIN",
    "COPY audit.personal FROM STDIN",
]


def attempt(statement: str) -> None:
    """Run it as the application does, and take back whatever it did."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize("statement", ATTEMPTS)
def test_the_application_may_not(db: None, statement: str) -> None:
    record(Kind.SIGNED_IN, by=NOA)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        attempt(statement)
    assert isinstance(refused.value.__cause__, DENIED)
    assert AuditEvent.objects.count() == 1


def test_the_application_cannot_grant_itself_anything(db: None) -> None:
    """PostgreSQL answers such a GRANT with a warning only."""
    attempt("GRANT ALL ON audit.event TO portal_web")
    with pytest.raises(DatabaseError), transaction.atomic():
        attempt("DELETE FROM audit.event")


@pytest.mark.parametrize(
    "setting", ["row_security = off", "search_path = pg_temp, audit", "default_transaction_read_only = off"]
)
def test_no_setting_of_the_session_opens_a_way(db: None, setting: str) -> None:
    attempt(f"SET LOCAL {setting}")
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        attempt("DELETE FROM audit.event")
    assert isinstance(refused.value.__cause__, DENIED)


def test_a_function_of_ones_own_cannot_stand_in_for_a_built_in_one(db: None) -> None:
    """record_event() runs with the owner's rights: a caller's search_path must not choose what it calls."""
    attempt("SET LOCAL search_path = pg_temp, pg_catalog, public")
    attempt("CREATE FUNCTION pg_temp.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT ''forged''::bytea'")
    event_id = record(Kind.SIGNED_IN, by=NOA)
    row = AuditEvent.objects.get(event_id=event_id)
    assert bytes(row.body_hash) == hashlib.sha256(bytes(row.body)).digest()


OWNERS_ATTEMPTS = [
    "UPDATE audit.event SET kind = 'nothing.happened'",
    "UPDATE audit.event SET kind = kind",
    "DELETE FROM audit.event",
    "TRUNCATE audit.event",
    "TRUNCATE audit.event CASCADE",
    "MERGE INTO audit.event USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE",
]


def test_triggers_stop_the_owner(owner: psycopg.Connection) -> None:
    assert owner.execute("SELECT current_user").fetchone() == ("auditportal_owner",)
    for statement in OWNERS_ATTEMPTS:
        with pytest.raises(DENIED, match="append-only"):
            owner.execute(statement)
    assert number_of_events(owner) == 1


@pytest.mark.parametrize("role", ["origin", "replica", "local"])
def test_triggers_stop_a_superuser_who_does_not_take_them_away(
    one_event: None, admin_connection: psycopg.Connection, role: str
) -> None:
    """Not even session_replication_role = replica, which skips ordinary triggers."""
    admin_connection.execute(f"SET session_replication_role = {role}")  # type: ignore[arg-type]
    for statement in OWNERS_ATTEMPTS:
        with pytest.raises(DENIED, match="append-only"):
            admin_connection.execute(statement)
    assert number_of_events(admin_connection) == 1


def test_not_even_a_superuser_inserts_bytes_that_do_not_hash(
    one_event: None, admin_connection: psycopg.Connection
) -> None:
    (columns,) = admin_connection.execute("""
        SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute
        WHERE attrelid = 'audit.event'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    """).fetchone() or ("",)
    other = '{"id": 99, "event_id": "01890a5d-ac96-774b-bcce-b302099a8057"}'
    forged = f"""
        INSERT INTO audit.event ({columns}) OVERRIDING SYSTEM VALUE
        SELECT {columns} FROM (
            SELECT (jsonb_populate_record(e, '{other}' || jsonb_build_object('body', '\\x7b7d'))).* FROM audit.event e
        ) forged
    """
    with pytest.raises(errors.CheckViolation, match="event_check"):
        admin_connection.execute(forged)


def test_the_login_of_the_application_is_nobodys_superuser(services: Services, db: None) -> None:
    rights = "rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {rights} FROM pg_roles WHERE rolname = current_user")
        assert cursor.fetchone() == (False,) * 5
