"""The audit trail: its schema, its one writer and the triggers that stop everybody else, the owner included.

Self-contained on purpose: a migration must do the same in ten years, so no text is imported from the code.
The roles are made by deploy/roles.sql before the first migration.
"""

from django.db import migrations

TABLES = """
CREATE SCHEMA audit;

-- One event: the exact bytes (canonical JSON, RFC 8785) and their hash. The other columns are an index that
-- record_event() takes from those bytes, so that they cannot say anything else.
CREATE TABLE audit.event (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id    uuid        NOT NULL UNIQUE,
    body        bytea       NOT NULL CHECK (octet_length(body) <= 65000),
    body_hash   bytea       NOT NULL CHECK (body_hash = sha256(body)),
    recorded_at timestamptz NOT NULL,
    occurred_at timestamptz NOT NULL,
    skewed      boolean     NOT NULL,
    kind        text        NOT NULL,
    outcome     text        NOT NULL,
    actor_ref   text        NOT NULL,
    actor_role  text        NOT NULL,
    target_kind text        NOT NULL,
    target_ref  text        NOT NULL,
    parent_ref  text        NOT NULL,
    purpose     text        NOT NULL,
    request_id  text        NOT NULL
);
CREATE INDEX event_by_time   ON audit.event (recorded_at, id);
CREATE INDEX event_by_actor  ON audit.event (actor_ref, id);
CREATE INDEX event_by_target ON audit.event (target_ref, id) WHERE target_ref <> '';
CREATE INDEX event_by_parent ON audit.event (parent_ref, id) WHERE parent_ref <> '';
CREATE INDEX event_by_kind   ON audit.event (kind, id);
-- The question every error page invites: what happened in the request with this id?
CREATE INDEX event_by_request ON audit.event (request_id) WHERE request_id <> '';

-- Personal values stand in the body as commitments; value and salt are here, encrypted under their subject's key.
CREATE TABLE audit.secret (
    event_id uuid  NOT NULL,
    field    text  NOT NULL,
    subject  text  NOT NULL,
    sealed   bytea NOT NULL,
    PRIMARY KEY (event_id, field)
);
CREATE INDEX secret_by_subject ON audit.secret (subject);
CREATE TABLE audit.subject_key (
    subject text  PRIMARY KEY,
    wrapped bytea NOT NULL
);
"""

WRITERS = """
-- The one way in. A second call with the same id and the same bytes is the same event (a commit whose outcome was
-- unknown); the same id with other bytes is refused by the unique index.
CREATE FUNCTION audit.record_event(p_body bytea, p_fields text[], p_subjects text[], p_sealed bytea[])
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    b   jsonb       := convert_from(p_body, 'UTF8')::jsonb;
    now timestamptz := clock_timestamp();
    at  timestamptz := (b->>'occurred_at')::timestamptz;
    row_id bigint;
BEGIN
    SELECT id INTO row_id FROM audit.event WHERE event_id = (b->>'id')::uuid AND body = p_body;
    IF FOUND THEN RETURN row_id; END IF;
    INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome, actor_ref,
                             actor_role, target_kind, target_ref, parent_ref, purpose, request_id)
    VALUES ((b->>'id')::uuid, p_body, sha256(p_body), now, at, abs(extract(epoch FROM now - at)) > 2, b->>'type',
            b->>'outcome', b#>>'{actor,ref}', coalesce(b#>>'{actor,role}', ''), coalesce(b#>>'{object,kind}', ''),
            coalesce(b#>>'{object,ref}', ''), coalesce(b#>>'{object,parent}', ''),
            coalesce(b#>>'{purpose,code}', ''), coalesce(b#>>'{request,id}', ''))
    RETURNING id INTO row_id;
    INSERT INTO audit.secret (event_id, field, subject, sealed)
    SELECT (b->>'id')::uuid, s.field, s.subject, s.sealed
    FROM unnest(p_fields, p_subjects, p_sealed) AS s(field, subject, sealed);
    RETURN row_id;
END $$;

-- The key of a subject, made once: the first caller's stands.
CREATE FUNCTION audit.ensure_subject_key(p_subject text, p_wrapped bytea)
RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE standing bytea;
BEGIN
    INSERT INTO audit.subject_key (subject, wrapped) VALUES (p_subject, p_wrapped)
    ON CONFLICT (subject) DO NOTHING;
    SELECT wrapped INTO standing FROM audit.subject_key WHERE subject = p_subject;
    RETURN standing;
END $$;
"""

# Looks at TG_OP only, so that no setting, role or trick of the session changes its answer. ENABLE ALWAYS: it fires
# under session_replication_role = replica as well.
TRIGGERS = """
CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE ON audit.event
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER event_table_is_kept BEFORE TRUNCATE ON audit.event
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_is_kept;
ALTER TABLE audit.event ENABLE ALWAYS TRIGGER event_table_is_kept;
"""

PRIVILEGES = """
REVOKE ALL ON SCHEMA audit FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA audit FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA audit FROM PUBLIC;
GRANT USAGE ON SCHEMA audit TO auditportal_app, auditportal_reader, auditportal_sealer;
GRANT SELECT ON ALL TABLES IN SCHEMA audit TO auditportal_reader;
GRANT SELECT ON audit.event TO auditportal_sealer;
GRANT EXECUTE ON FUNCTION audit.record_event(bytea, text[], text[], bytea[]) TO auditportal_app;
GRANT EXECUTE ON FUNCTION audit.ensure_subject_key(text, bytea) TO auditportal_app;
"""


class Migration(migrations.Migration):
    dependencies = [("recordings", "0001_initial")]
    operations = [
        migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(WRITERS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(PRIVILEGES, reverse_sql=migrations.RunSQL.noop),
    ]
