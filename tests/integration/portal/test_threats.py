"""docs/threats.md names tests that exist, and the rights that the catalog of the database has."""

import re
from pathlib import Path

import psycopg
import pytest

from auditportal.embedded import Services

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "threats.md").read_text()
NAMED = sorted(set(re.findall(r"(tests/[\w/]+\.py)::(\w+)", TEXT)))
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| portal_")
]

# Rights on whole tables, on columns that have more than their table, on functions. Of the login's groups, too.
TABLES = """
SELECT n.nspname || '.' || c.relname, p FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER', 'REFERENCES', 'MAINTAIN']) AS p
WHERE n.nspname IN ('audit', 'public') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND has_table_privilege(%(login)s, c.oid, p)
UNION ALL
SELECT n.nspname || '.' || c.relname, p || '(' || string_agg(a.attname, ', ' ORDER BY a.attname) || ')'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid,
    unnest(ARRAY['INSERT', 'UPDATE', 'REFERENCES']) AS p
WHERE n.nspname IN ('audit', 'public') AND a.attnum > 0 AND NOT a.attisdropped
  AND has_column_privilege(%(login)s, c.oid, a.attnum, p) AND NOT has_table_privilege(%(login)s, c.oid, p)
GROUP BY 1, p
UNION ALL
SELECT n.nspname || '.' || c.relname, p FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
    unnest(ARRAY['USAGE', 'UPDATE']) AS p
WHERE n.nspname IN ('audit', 'public') AND c.relkind = 'S' AND has_sequence_privilege(%(login)s, c.oid, p)
UNION ALL
SELECT format('%%s.%%s(%%s)', n.nspname, f.proname, oidvectortypes(f.proargtypes)), 'EXECUTE'
FROM pg_proc f JOIN pg_namespace n ON n.oid = f.pronamespace
WHERE n.nspname IN ('audit', 'public') AND has_function_privilege(%(login)s, f.oid, 'EXECUTE')
  AND f.prorettype <> 'trigger'::regtype
"""


@pytest.mark.parametrize(("path", "name"), NAMED)
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert re.search(rf"^(?:async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE)


def test_every_attack_is_there_once() -> None:
    rows = re.findall(r"^\| ([ATD]\d+) \|", TEXT, re.MULTILINE)
    assert rows == [*(f"A{n}" for n in range(1, 24)), *(f"T{n}" for n in range(1, 28)), "D20"]
    for row in re.findall(r"^\| [ATD]\d+ .*$", TEXT, re.MULTILINE):
        assert "::" in row or "**not detected" in row


@pytest.mark.parametrize("login", ["portal_web", "portal_sealer"])
def test_the_list_is_what_the_catalog_has(db: None, services: Services, login: str) -> None:
    """Each row, column and function a login can change or call stands in the list, and nothing else does."""
    with psycopg.connect(services.admin_url) as admin:
        found: dict[str, set[str]] = {}
        for name, right in admin.execute(TABLES, {"login": login}).fetchall():
            found.setdefault(name, set()).add(right)
    listed = {row[1]: set(re.findall(r"[A-Z]+(?:\([^)]*\))?", row[2])) for row in ROWS if row[0] == login}
    assert listed == found


def test_every_right_says_who_relies_on_it_and_why_that_is_safe() -> None:
    assert all(len(row) == 5 and all(row) for row in ROWS)


def test_everything_belongs_to_the_owner_and_only_migrations_become_it(db: None, services: Services) -> None:
    with psycopg.connect(services.admin_url) as admin:
        owners = admin.execute(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace IN"
            " ('audit'::regnamespace, 'public'::regnamespace) UNION SELECT pg_get_userbyid(proowner) FROM pg_proc"
            " WHERE pronamespace IN ('audit'::regnamespace, 'public'::regnamespace)"
        ).fetchall()
        become = admin.execute(
            "SELECT member::regrole::text FROM pg_auth_members WHERE roleid = 'auditportal_owner'::regrole"
        ).fetchall()
        erasers = admin.execute(
            "SELECT has_function_privilege(login, f.oid, 'EXECUTE') FROM pg_proc f,"
            " unnest(ARRAY['portal_web', 'portal_sealer']) AS login WHERE proname IN ('ask_erasure', 'approve_erasure')"
        ).fetchall()
    assert (owners, become) == ([("auditportal_owner",)], [("portal_migrator",)])
    assert set(erasers) == {(False,)}
