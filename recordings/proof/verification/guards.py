"""Compare the guards of the trail's schema in the database with those that the migrations created.

Guards are triggers with their conditions, function texts, owners, privileges on every table, column and function,
constraints, views, rules, and the role memberships of the application's and the sealer's logins. guards.json has the
expected state. After a migration of the schema, write it again with

    WRITE_GUARDS=1 python -m pytest tests/integration/proof/verification/test_guards.py
"""

import json
from pathlib import Path
from typing import Any

import psycopg

FILE = Path(__file__).with_name("guards.json")

# Each row is a name and a text. A privilege list that was never changed reads "default".
_READ = """
WITH relation AS (
    SELECT c.*, 'audit.' || c.relname AS name, pg_get_userbyid(c.relowner) AS owner FROM pg_class c
    WHERE c.relnamespace = 'audit'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
), found AS (
    SELECT 'schema audit' AS name, format('owner %s, rights %s', pg_get_userbyid(nspowner),
           coalesce(array_to_string(ARRAY(SELECT a::text FROM unnest(nspacl) a ORDER BY 1), ' '), 'default')) AS text
    FROM pg_namespace WHERE nspname = 'audit'
    UNION ALL
    SELECT 'table ' || name, format('kind %s, owner %s, row security %s, rights %s', relkind, owner, relrowsecurity,
           coalesce(array_to_string(ARRAY(SELECT a::text FROM unnest(relacl) a ORDER BY 1), ' '), 'default'))
    FROM relation
    UNION ALL
    SELECT format('column %s.%s', r.name, a.attname),
           'rights ' || array_to_string(ARRAY(SELECT x::text FROM unnest(a.attacl) x ORDER BY 1), ' ')
    FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT format('trigger %s on %s', t.tgname, r.name), format('%s, enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
    FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid WHERE NOT t.tgisinternal
    UNION ALL
    SELECT format('constraint %s on %s', k.conname, r.name),
           format('%s, valid %s', pg_get_constraintdef(k.oid), k.convalidated)
    FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid WHERE k.contype <> 'n'
    UNION ALL
    SELECT format('rule %s on %s', w.rulename, r.name), pg_get_ruledef(w.oid)
    FROM relation r JOIN pg_rewrite w ON w.ev_class = r.oid
    UNION ALL
    SELECT format('function audit.%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)),
           format('text %s, language %s, owner %s, definer %s, settings %s, rights %s',
                  encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'), l.lanname, pg_get_userbyid(p.proowner),
                  p.prosecdef,
                  coalesce(array_to_string(p.proconfig, ' '), 'none'),
                  coalesce(array_to_string(ARRAY(SELECT a::text FROM unnest(p.proacl) a ORDER BY 1), ' '), 'default'))
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.pronamespace = 'audit'::regnamespace
    UNION ALL
    SELECT format('role %s', r.rolname),
           format('superuser %s, creates roles %s, bypasses row security %s, replicates %s, is in %s',
                  r.rolsuper, r.rolcreaterole, r.rolbypassrls, r.rolreplication, coalesce((
               SELECT string_agg(format('%s (inherits %s, becomes %s)', m.roleid::regrole, m.inherit_option,
                                        m.set_option), ', ' ORDER BY m.roleid::regrole::text)
               FROM pg_auth_members m WHERE m.member = r.oid), 'none'))
    FROM pg_roles r
    WHERE r.rolname IN ('auditportal_app', 'auditportal_reader', 'auditportal_sealer', 'portal_web', 'portal_sealer')
)
SELECT name, text FROM found ORDER BY name
"""


def read_guards(connection: psycopg.Connection[Any]) -> dict[str, str]:
    """Read every guard from the catalog, by name."""
    return dict(connection.execute(_READ).fetchall())


def expected_guards() -> dict[str, str]:
    """Return the guards that the migrations create, by name."""
    guards: dict[str, str] = json.loads(FILE.read_text())
    return guards


def differences(actual: dict[str, str], expected: dict[str, str]) -> list[str]:
    """List the differences, one sentence each."""
    return [
        *(f"The {name} is missing." for name in sorted(expected.keys() - actual.keys())),
        *(
            f"The {name} was not created by the portal: {actual[name]}"
            for name in sorted(actual.keys() - expected.keys())
        ),
        *(
            f"The {name} was changed: {actual[name]} (expected: {expected[name]})"
            for name in sorted(actual.keys() & expected.keys())
            if actual[name] != expected[name]
        ),
    ]
