"""The personal values of an event rest in one row, and an event is written with fewer statements.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years. `audit.secret` stays as a
view with the rows that it had, for whoever reads it; while its rows move and every event's hash is checked once more,
events wait (2 s, then they are refused).
"""

from django.db import migrations

TABLE = """
LOCK TABLE audit.secret IN ACCESS EXCLUSIVE MODE;

-- What `sealed` holds at one place is the value of the field, and of the subject, at the same place. Without an index
-- by subject: only an erasure asks for one, and it may read the whole table.
CREATE TABLE audit.personal (
    event_id uuid    PRIMARY KEY,
    fields   text[]  NOT NULL,
    subjects text[]  NOT NULL,
    sealed   bytea[] NOT NULL
);
INSERT INTO audit.personal
SELECT event_id, array_agg(field ORDER BY field), array_agg(subject ORDER BY field), array_agg(sealed ORDER BY field)
FROM audit.secret GROUP BY event_id;

DROP TABLE audit.secret;
CREATE VIEW audit.secret AS
SELECT p.event_id, s.field, s.subject, s.sealed
FROM audit.personal p CROSS JOIN LATERAL unnest(p.fields, p.subjects, p.sealed) AS s(field, subject, sealed);

REVOKE ALL ON audit.personal, audit.secret FROM PUBLIC;
GRANT SELECT ON audit.personal, audit.secret TO auditportal_reader;
"""

# The same two conditions as one: a constraint is read and made ready anew for every event.
CHECKS = """
ALTER TABLE audit.event
    DROP CONSTRAINT event_body_check,
    DROP CONSTRAINT event_check,
    ADD CONSTRAINT event_check CHECK (octet_length(body) <= 65000 AND body_hash = sha256(body));
"""

# As in 0002, but for what rests in one row, and for the look before the insert: the unique index is asked once.
RECORD = """
CREATE OR REPLACE FUNCTION audit.record_event(p_body bytea, p_fields text[], p_subjects text[], p_sealed bytea[])
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
    IF cardinality(p_fields) <> cardinality(p_subjects) OR cardinality(p_fields) <> cardinality(p_sealed)
       OR array_position(p_fields, NULL) > 0 OR array_position(p_subjects, NULL) > 0
       OR array_position(p_sealed, NULL) > 0 THEN
        RAISE EXCEPTION 'a personal value needs a field and a subject' USING ERRCODE = 'not_null_violation';
    END IF;
    INSERT INTO audit.event (event_id, body, body_hash, recorded_at, occurred_at, skewed, kind, outcome, actor_ref,
                             actor_role, target_kind, target_ref, parent_ref, purpose, request_id)
    VALUES ((b->>'id')::uuid, p_body, sha256(p_body), now, at, now - at NOT BETWEEN interval '-2 s' AND interval '2 s', b->>'type',
            b->>'outcome', b#>>'{actor,ref}', coalesce(b#>>'{actor,role}', ''), coalesce(b#>>'{object,kind}', ''),
            coalesce(b#>>'{object,ref}', ''), coalesce(b#>>'{object,parent}', ''),
            coalesce(b#>>'{purpose,code}', ''), coalesce(b#>>'{request,id}', ''))
    ON CONFLICT (event_id) DO NOTHING RETURNING id INTO row_id;
    IF NOT FOUND THEN
        SELECT id INTO row_id FROM audit.event WHERE event_id = (b->>'id')::uuid AND body = p_body;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'another event has the id %', b->>'id' USING ERRCODE = 'unique_violation';
        END IF;
        RETURN row_id;
    END IF;
    IF p_fields = '{}' THEN RETURN row_id; END IF;
    INSERT INTO audit.personal VALUES ((b->>'id')::uuid, p_fields, p_subjects, p_sealed);
    RETURN row_id;
END $$;

-- As in 0009, but each key is compared once, whoever's values it seals: `p_owners` are those whose keys are given.
CREATE FUNCTION audit.record_event_under(
    p_body bytea, p_fields text[], p_subjects text[], p_sealed bytea[], p_owners text[], p_keys bytea[])
RETURNS text LANGUAGE plpgsql
AS $$
BEGIN
    -- One by one, by the index: a join would read all keys there are.
    IF NOT p_subjects <@ p_owners
       OR EXISTS (SELECT FROM unnest(p_owners, p_keys) AS given(subject, wrapped)
                  WHERE (SELECT k.wrapped FROM audit.subject_key AS k WHERE k.subject = given.subject)
                        IS DISTINCT FROM given.wrapped) THEN
        RETURN 'other keys';
    END IF;
    PERFORM audit.record_event(p_body, p_fields, p_subjects, p_sealed);
    RETURN 'recorded';
EXCEPTION WHEN query_canceled OR OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

REVOKE ALL ON FUNCTION audit.record_event_under(bytea, text[], text[], bytea[], text[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.record_event_under(bytea, text[], text[], bytea[], text[], bytea[])
    TO auditportal_app;
"""

# As in 0006, but for what rests in one row. The number of values that are gone is taken from the rows as they were.
ERASE = """
CREATE OR REPLACE FUNCTION audit.ask_erasure(p_subject text, p_reason text, p_by text, p_body bytea)
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
    IF NOT EXISTS (SELECT FROM audit.subject_key WHERE subject = p_subject)
       AND NOT EXISTS (SELECT FROM audit.personal WHERE p_subject = ANY (subjects)) THEN
        RAISE EXCEPTION 'The trail keeps no personal value of %.', p_subject;
    END IF;
    PERFORM audit.record_event(p_body, '{}', '{}', '{}');
    INSERT INTO audit.erasure (request, subject, reason, asked_by)
    VALUES ((b->>'id')::uuid, p_subject, p_reason, p_by);
    RETURN (b->>'id')::uuid;
END $$;

CREATE OR REPLACE FUNCTION audit.approve_erasure(p_request uuid, p_by text, p_body bytea)
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
    WITH gone AS (
        UPDATE audit.personal p SET (fields, subjects, sealed) = (
            SELECT coalesce(array_agg(field), '{}'), coalesce(array_agg(subject), '{}'), coalesce(array_agg(s.sealed), '{}')
            FROM unnest(p.fields, p.subjects, p.sealed) AS s(field, subject, sealed) WHERE subject <> asked.subject)
        WHERE asked.subject = ANY (subjects)
        RETURNING cardinality(old.subjects) - cardinality(new.subjects) AS n)
    SELECT coalesce(sum(n), 0) INTO n_secrets FROM gone;
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


class Migration(migrations.Migration):
    dependencies = [("recordings", "0012_recording_flagged")]
    operations = [
        migrations.RunSQL(TABLE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(CHECKS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(RECORD, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(ERASE, reverse_sql=migrations.RunSQL.noop),
    ]
