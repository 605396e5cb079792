"""The rights that deploy/roles.sql grants: the same roles in the demo, the tests and production."""

import psycopg
import pytest

from auditportal.embedded import Services

LOGINS = ("portal_migrator", "portal_sealer", "portal_web")
GROUPS = ("auditportal_app", "auditportal_owner", "auditportal_reader", "auditportal_sealer")


def ask(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement).fetchall()


def test_the_roles_are_those_of_the_design(services: Services) -> None:
    rows = ask(
        services.admin_url,
        "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication "
        "FROM pg_roles WHERE rolname ~ '^(auditportal|portal)_' ORDER BY rolname",
    )
    nothing_more = (False, False, False, False, False)
    assert rows == [
        *((name, False, *nothing_more) for name in GROUPS),
        *((name, True, *nothing_more) for name in LOGINS),
    ]


def test_who_is_in_which_group_and_how(services: Services) -> None:
    rows = ask(
        services.admin_url,
        "SELECT m.member::regrole::text, m.roleid::regrole::text, m.inherit_option, m.set_option, "
        "m.admin_option FROM pg_auth_members m WHERE m.member::regrole::text ~ '^(audit)?portal_' ORDER BY 1, 2",
    )
    assert rows == [
        ("portal_migrator", "auditportal_owner", False, True, False),
        ("portal_sealer", "auditportal_sealer", True, False, False),
        ("portal_web", "auditportal_app", True, False, False),
        ("portal_web", "auditportal_reader", True, False, False),
    ]


def test_the_migrator_works_as_the_owner_from_the_start(services: Services) -> None:
    who = ask(services.owner_url, "SELECT session_user::text, current_user::text")
    assert who == [("portal_migrator", "auditportal_owner")]


@pytest.mark.parametrize("role", [*GROUPS, "portal_migrator", "postgres"])
def test_the_application_can_become_no_other_role(services: Services, role: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        ask(services.database_url, f"SET ROLE {role}")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE intruder (id int)",
        "CREATE SCHEMA intruder",
        "CREATE ROLE intruder",
        "CREATE DATABASE intruder",
        "SET session_replication_role = replica",
        "ALTER SYSTEM SET fsync = off",
        "COPY (SELECT 1) TO '/tmp/intruder'",
        "SELECT pg_read_file('postgresql.conf')",
    ],
)
def test_the_application_has_no_power_over_the_database(services: Services, statement: str) -> None:
    with (
        psycopg.connect(services.database_url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


@pytest.mark.parametrize("login", [*LOGINS, "postgres"])
def test_every_login_needs_its_password(services: Services, login: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(services.database_url, user=login, password="guessed")


def test_the_server_listens_on_its_private_socket_only(services: Services) -> None:
    settings = ask(
        services.admin_url,
        "SELECT current_setting('listen_addresses'), current_setting('unix_socket_permissions'), "
        "current_setting('password_encryption')",
    )
    assert settings == [("", "0700", "scram-sha-256")]


def test_text_is_unicode_and_compares_the_same_everywhere(services: Services) -> None:
    assert ask(services.database_url, "SELECT lower('ÄΣЖ'), 'Z' < 'a', uuidv7() IS NOT NULL") == [
        ("äσж", True, True)
    ]
