"""The guards of the trail's schema are as the migrations created them, and as guards.json records (T15)."""

import json
import os

import psycopg
import pytest

from auditportal.embedded import Services
from recordings.proof.verification.guards import FILE, differences, expected_guards, read_guards

pytestmark = pytest.mark.django_db(transaction=True)


def guards(services: Services) -> dict[str, str]:
    with psycopg.connect(services.database_url) as reader:
        return read_guards(reader)


def test_the_file_has_what_the_migrations_create(services: Services) -> None:
    now = guards(services)
    if os.environ.get("WRITE_GUARDS"):
        FILE.write_text(json.dumps(now, indent=1, ensure_ascii=False) + "\n")
    assert differences(now, expected_guards()) == []


# An attack, and the guard that the sentence about it names.
ATTACKS = {
    "a trigger that never fires": (
        "DROP TRIGGER event_is_kept ON audit.event; CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE ON audit.event"
        " FOR EACH ROW WHEN (false) EXECUTE FUNCTION audit.refuse_change();"
        " ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept",
        "trigger event_is_kept on audit.event",
    ),
    "a trigger function that allows everything": (
        "CREATE OR REPLACE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql"
        " SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN coalesce(NEW, OLD); END'",
        "function audit.refuse_change()",
    ),
    "a right to change the trail": (
        "GRANT UPDATE ON audit.event TO auditportal_app",
        "table audit.event",
    ),
    "a right on one column": (
        "GRANT UPDATE (tag_key) ON audit.log_head TO auditportal_sealer",
        "column audit.log_head.tag_key",
    ),
    "another owner": ("ALTER TABLE audit.event OWNER TO portal_web", "table audit.event"),
    "another owner of the writer": (
        "ALTER FUNCTION audit.record_event(bytea, text[], text[], bytea[]) OWNER TO postgres",
        "function audit.record_event",
    ),
    "the writer with the caller's rights": (
        "ALTER FUNCTION audit.record_event(bytea, text[], text[], bytea[]) SECURITY INVOKER",
        "function audit.record_event",
    ),
    "the writer with the caller's search path": (
        "ALTER FUNCTION audit.record_event(bytea, text[], text[], bytea[]) RESET search_path",
        "function audit.record_event",
    ),
    "a trigger that replication skips": (
        "ALTER TABLE audit.leaf ENABLE TRIGGER leaf_is_kept",
        "trigger leaf_is_kept on audit.leaf",
    ),
    "a rule that discards rows": (
        "CREATE RULE swallow AS ON INSERT TO audit.incident DO INSTEAD NOTHING",
        "rule swallow on audit.incident",
    ),
    "a check that was dropped": (
        "ALTER TABLE audit.event DROP CONSTRAINT event_check",
        "constraint event_check on audit.event",
    ),
    "an additional function": (
        "CREATE FUNCTION audit.erase(bigint) RETURNS void LANGUAGE sql SECURITY DEFINER AS"
        " 'DELETE FROM audit.personal'",
        "function audit.erase(bigint)",
    ),
    "erasure for everybody": (
        "GRANT EXECUTE ON FUNCTION audit.approve_erasure(uuid, text, bytea) TO auditportal_app",
        "function audit.approve_erasure",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_guard_that_was_changed_is_named(
    services: Services, admin_connection: psycopg.Connection, attack: str
) -> None:
    """T15: a superuser leaves the trail's tables unchanged but removes their guards."""
    statement, name = ATTACKS[attack]
    admin_connection.execute(statement)  # type: ignore[arg-type]
    found = differences(guards(services), expected_guards())
    assert [sentence for sentence in found if name in sentence]


def test_a_login_that_may_become_the_owner_is_named(services: Services) -> None:
    """Roles belong to the whole cluster, so the membership is only simulated."""
    now = guards(services)
    now["role portal_web"] = now["role portal_web"].replace("auditportal_app", "auditportal_owner")
    assert ["role portal_web" in sentence for sentence in differences(now, expected_guards())] == [True]
