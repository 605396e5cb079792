"""Results of the trail's verification, and erasure: two people, one function, one transaction with its event.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years.
"""

from django.db import migrations, models

import recordings.models.fields

TABLES = """
-- Who asked that the personal values of a subject be erased. `request` is the id of the event that says so.
CREATE TABLE audit.erasure (
    request  uuid        PRIMARY KEY,
    subject  text        NOT NULL CHECK (subject <> ''),
    reason   text        NOT NULL CHECK (reason <> ''),
    asked_by text        NOT NULL CHECK (asked_by <> ''),
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (request, asked_by)
);
-- Who approved it. Whoever asked cannot: the row repeats who that was, so that the table itself refuses it.
CREATE TABLE audit.erasure_approval (
    request     uuid        PRIMARY KEY,
    asked_by    text        NOT NULL,
    approved_by text        NOT NULL CHECK (approved_by <> '' AND approved_by <> asked_by),
    event_id    uuid        NOT NULL,
    secrets     bigint      NOT NULL,
    keys        bigint      NOT NULL,
    approved_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (request, asked_by) REFERENCES audit.erasure (request, asked_by)
);
"""

# Messages of RAISE are read by the person at the command line: they are sentences.
FUNCTIONS = """
CREATE FUNCTION audit.ask_erasure(p_subject text, p_reason text, p_by text, p_body bytea)
RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
    b jsonb := convert_from(p_body, 'UTF8')::jsonb;
BEGIN
    IF (b->>'type', b#>>'{object,ref}', b#>>'{actor,ref}')
       IS DISTINCT FROM ('subject.erasure_asked', p_subject, p_by) THEN
        RAISE EXCEPTION 'The event does not say what is asked here.';
    END IF;
    IF NOT EXISTS (SELECT FROM audit.secret WHERE subject = p_subject)
       AND NOT EXISTS (SELECT FROM audit.subject_key WHERE subject = p_subject) THEN
        RAISE EXCEPTION 'The trail keeps no personal value of %.', p_subject;
    END IF;
    PERFORM audit.record_event(p_body, '{}', '{}', '{}');
    INSERT INTO audit.erasure (request, subject, reason, asked_by)
    VALUES ((b->>'id')::uuid, p_subject, p_reason, p_by);
    RETURN (b->>'id')::uuid;
END $$;

-- Destroys the key and every salt and value of the subject. The event must tell the true number of them.
CREATE FUNCTION audit.approve_erasure(p_request uuid, p_by text, p_body bytea)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '5s'
AS $$
DECLARE
    b         jsonb := convert_from(p_body, 'UTF8')::jsonb;
    asked     audit.erasure;
    n_secrets bigint;
    n_keys    bigint;
BEGIN
    SELECT * INTO asked FROM audit.erasure WHERE request = p_request FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no request %.', p_request;
    ELSIF EXISTS (SELECT FROM audit.erasure_approval WHERE request = p_request) THEN
        RAISE EXCEPTION 'This request was approved already.';
    ELSIF asked.asked_by = p_by THEN
        RAISE EXCEPTION 'Whoever asks for an erasure cannot approve it: it takes two people.';
    ELSIF asked.asked_at < clock_timestamp() - interval '7 days' THEN
        RAISE EXCEPTION 'This request is older than 7 days. Ask again.';
    END IF;
    DELETE FROM audit.secret WHERE subject = asked.subject;
    GET DIAGNOSTICS n_secrets = ROW_COUNT;
    DELETE FROM audit.subject_key WHERE subject = asked.subject;
    GET DIAGNOSTICS n_keys = ROW_COUNT;
    IF (b->>'type', b#>>'{object,ref}', b#>>'{actor,ref}', b#>>'{action_detail,request}')
       IS DISTINCT FROM ('subject.erased', asked.subject, p_by, p_request::text) THEN
        RAISE EXCEPTION 'The event does not say what is done here.';
    ELSIF b#>>'{action_detail,values}' IS DISTINCT FROM n_secrets::text THEN
        RAISE EXCEPTION 'Something was written about % meanwhile. Approve again.', asked.subject
            USING ERRCODE = 'serialization_failure';
    END IF;
    PERFORM audit.record_event(p_body, '{}', '{}', '{}');
    INSERT INTO audit.erasure_approval (request, asked_by, approved_by, event_id, secrets, keys)
    VALUES (p_request, asked.asked_by, p_by, (b->>'id')::uuid, n_secrets, n_keys);
    RETURN n_secrets;
END $$;
"""

TRIGGERS = "\n".join(
    f"""
CREATE TRIGGER {table}_is_kept BEFORE UPDATE OR DELETE ON audit.{table}
    FOR EACH ROW EXECUTE FUNCTION audit.refuse_change();
CREATE TRIGGER {table}_table_is_kept BEFORE TRUNCATE ON audit.{table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_is_kept;
ALTER TABLE audit.{table} ENABLE ALWAYS TRIGGER {table}_table_is_kept;
"""
    for table in ("erasure", "erasure_approval")
)

# The functions are for the owner's login alone: neither the application nor the sealer erases anything.
PRIVILEGES = """
REVOKE ALL ON audit.erasure, audit.erasure_approval FROM PUBLIC;
REVOKE ALL ON FUNCTION audit.ask_erasure(text, text, text, bytea) FROM PUBLIC;
REVOKE ALL ON FUNCTION audit.approve_erasure(uuid, text, bytea) FROM PUBLIC;
GRANT SELECT ON audit.erasure, audit.erasure_approval TO auditportal_reader;
"""


class Migration(migrations.Migration):
    dependencies = [("recordings", "0005_refresh_runs")]
    operations = [
        migrations.CreateModel(
            name="TrailVerification",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=recordings.models.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("started_at", models.DateTimeField(db_index=True)),
                ("finished_at", models.DateTimeField()),
                ("events", models.BigIntegerField()),
                ("leaves", models.BigIntegerField()),
                ("ok", models.BooleanField()),
                ("problem", models.TextField(blank=True, help_text="the first thing that is wrong")),
                (
                    "lines",
                    models.JSONField(
                        default=list, help_text="name, ok, sentence, milliseconds of each check"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(TABLES, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(FUNCTIONS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(PRIVILEGES, reverse_sql=migrations.RunSQL.noop),
    ]
