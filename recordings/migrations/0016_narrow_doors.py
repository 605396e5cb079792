"""What a login may write is refused at the door when it has no shape, and what only the log may say, when others say it.

record_event() reads the shape of an event. Incidents are settled by a function that asks for the sealed event. A
subject's key that does not open can be set aside, so that nobody blocks a customer by writing garbage there.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years.
"""

from django.db import migrations

# Everything is looked at in the one parsed value, without a loop. What is not refused here and is no event all the same
# (blanks, a key twice, null, 1.5, a thousand levels, an unknown key within a part) is found by the sealer, which compares the bytes.
RECORD = r"""
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
    IF octet_length(p_body) > 65000 OR NOT b @> '{"v": 1}' THEN
        RAISE EXCEPTION 'An event is a JSON object with "v": 1 and at most 65000 bytes.' USING ERRCODE = 'check_violation';
    ELSIF b - '{v,id,type,outcome,occurred_at,asserted_by,actor,on_behalf_of,object,action_detail,purpose,source,request,change,authz}'::text[] <> '{}' THEN
        RAISE EXCEPTION 'The event has a part that events do not have.' USING ERRCODE = 'check_violation';
    ELSIF (b->>'id' = (b->>'id')::uuid::text) IS NOT TRUE THEN
        RAISE EXCEPTION 'The id of an event is a UUID in lower case.' USING ERRCODE = 'check_violation';
    ELSIF (b->>'type' ~ '^[a-z_]+(\.[a-z_]+)+$') IS NOT TRUE THEN
        RAISE EXCEPTION 'The type of an event is words of a to z and _ with dots between.' USING ERRCODE = 'check_violation';
    ELSIF (b->>'outcome' IN ('granted', 'denied', 'error', 'completed')) IS NOT TRUE THEN
        RAISE EXCEPTION 'The outcome of an event is granted, denied, error or completed.' USING ERRCODE = 'check_violation';
    ELSIF (b->>'asserted_by' IN ('server', 'client')) IS NOT TRUE THEN
        RAISE EXCEPTION 'An event is asserted by server or client.' USING ERRCODE = 'check_violation';
    ELSIF (length(b->>'occurred_at') = 27 AND b->>'occurred_at' = to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
          IS NOT TRUE THEN
        RAISE EXCEPTION 'occurred_at is a time such as 2026-11-20T09:14:22.123456Z.' USING ERRCODE = 'check_violation';
    ELSIF (false IN (b->'actor' @> '{}', b->'on_behalf_of' @> '{}', b->'object' @> '{}', b->'action_detail' @> '{}',
                     b->'purpose' @> '{}', b->'source' @> '{}', b->'request' @> '{}', b->'change' @> '{}', b->'authz' @> '{}')
           OR '{}' IN (b->'on_behalf_of', b->'action_detail', b->'purpose', b->'source', b->'request', b->'change', b->'authz'))
          IS TRUE THEN
        RAISE EXCEPTION 'The parts of an event are objects that are not empty.' USING ERRCODE = 'check_violation';
    ELSIF (b#>'{actor,ref}' IS NULL OR b ? 'object' AND b#>'{object,ref}' IS NULL OR b#>>'{object,parent}' = '') IS TRUE THEN
        RAISE EXCEPTION 'An event has an actor, actor and object have a ref, and a parent is not empty.' USING ERRCODE = 'check_violation';
    ELSIF ('string' <> ANY (ARRAY[
               jsonb_typeof(b#>'{actor,ref}'), jsonb_typeof(b#>'{actor,kind}'), jsonb_typeof(b#>'{actor,name}'),
               jsonb_typeof(b#>'{actor,role}'), jsonb_typeof(b#>'{actor,authn}'), jsonb_typeof(b#>'{object,ref}'),
               jsonb_typeof(b#>'{object,kind}'), jsonb_typeof(b#>'{object,parent}'), jsonb_typeof(b#>'{object,label}'),
               jsonb_typeof(b#>'{purpose,code}'), jsonb_typeof(b#>'{purpose,note}'), jsonb_typeof(b#>'{source,ip}'),
               jsonb_typeof(b#>'{source,user_agent}'), jsonb_typeof(b#>'{request,id}'), jsonb_typeof(b#>'{request,session}'),
               jsonb_typeof(b#>'{request,app_version}')])) IS TRUE THEN
        RAISE EXCEPTION 'The values in actor, object, purpose, source and request are texts.' USING ERRCODE = 'check_violation';
    END IF;

    -- What the log writes about itself comes from the sealer's login, and nothing else does.
    IF b->>'type' IN ('log.opened', 'heads.manifest', 'sealer.incident', 'key.rotated', 'backup.restored')
       OR b#>>'{actor,ref}' = 'system:sealer' THEN
        IF NOT pg_has_role(session_user, 'auditportal_sealer', 'MEMBER') THEN
            RAISE EXCEPTION 'Only the sealer says % as %.', b->>'type', b#>>'{actor,ref}'
                USING ERRCODE = 'insufficient_privilege';
        ELSIF NOT (b->>'type' IN ('log.opened', 'heads.manifest', 'sealer.incident', 'key.rotated', 'backup.restored')
                   AND b#>>'{actor,ref}' = 'system:sealer') THEN
            RAISE EXCEPTION 'The sealer speaks of the log only, and only as system:sealer.'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF b->>'type' = 'event.malformed' THEN
        RAISE EXCEPTION 'event.malformed is what a leaf says of bytes that are no event: it is never written.'
            USING ERRCODE = 'insufficient_privilege';
    ELSIF b->>'type' IN ('subject.erasure_asked', 'subject.erased') THEN
        IF NOT pg_has_role(session_user, 'auditportal_owner', 'MEMBER') THEN
            RAISE EXCEPTION 'An erasure is asked for and approved by its own functions.'
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF NOT pg_has_role(session_user, 'auditportal_app', 'MEMBER')
          AND NOT pg_has_role(session_user, 'auditportal_owner', 'MEMBER') THEN
        RAISE EXCEPTION 'The sealer speaks of the log only, and only as system:sealer.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;

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
            RAISE EXCEPTION 'another event has the id %', b->>'id' USING ERRCODE = 'unique_violation', TABLE = 'event';
        END IF;
        RETURN row_id;
    END IF;
    IF p_fields = '{}' THEN RETURN row_id; END IF;
    INSERT INTO audit.personal VALUES ((b->>'id')::uuid, p_fields, p_subjects, p_sealed);
    RETURN row_id;
END $$;
"""

# A row that settles comes from here alone, and only beside the sealer's event that says so. Whoever reads it asks for the
# leaf of that event, too: it is written by the same transaction, after the row. Incidents are noted by INSERT, as before.
SETTLE = """
CREATE FUNCTION audit.settle_incident(p_incident bigint, p_reason text, p_event_id uuid)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    noted  audit.incident;
    row_id bigint;
BEGIN
    SELECT * INTO noted FROM audit.incident WHERE id = p_incident AND settles IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'There is no incident %.', p_incident;
    ELSIF NOT EXISTS (
        SELECT FROM audit.event e
        WHERE e.event_id = p_event_id AND e.kind = 'sealer.incident' AND e.actor_ref = 'system:sealer'
          AND convert_from(e.body, 'UTF8')::jsonb->'action_detail' @> jsonb_build_object(
              'code', left(noted.code, 100), 'sentence', left(noted.detail, 2000), 'settled', p_reason)) THEN
        RAISE EXCEPTION 'No event % says that incident % is settled, and why.', p_event_id, p_incident;
    END IF;
    INSERT INTO audit.incident (code, detail, settles, event_id) VALUES (left(noted.code, 100), p_reason, p_incident, p_event_id)
    RETURNING id INTO row_id;
    RETURN row_id;
END $$;
REVOKE ALL ON FUNCTION audit.settle_incident(bigint, text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.settle_incident(bigint, text, uuid) TO auditportal_sealer;

REVOKE INSERT ON audit.incident FROM auditportal_sealer;
GRANT INSERT (code, detail, event_id) ON audit.incident TO auditportal_sealer;
-- The tag key is drawn once, when the log is opened.
REVOKE UPDATE ON audit.log_head FROM auditportal_sealer;
GRANT UPDATE (origin, size, root, manifest_n, manifest_at, parents_from, closed_until, sealed_at) ON audit.log_head
    TO auditportal_sealer;
"""

# What the application itself may report: none of these codes stops the sealer.
NOTE = """
CREATE FUNCTION audit.note_trouble(p_code text, p_detail text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE noted bigint;
BEGIN
    IF (p_code IN ('checkpoint_contradicted', 'values_damaged', 'subject_key_replaced')) IS NOT TRUE THEN
        RAISE EXCEPTION 'The application reports no incident of the code %.', p_code;
    END IF;
    SELECT i.id INTO noted FROM audit.incident i
    WHERE i.code = p_code AND i.detail = left(p_detail, 2000) AND i.settles IS NULL
      AND NOT EXISTS (SELECT FROM audit.incident s WHERE s.settles = i.id) LIMIT 1;
    IF noted IS NULL THEN
        -- The sealer writes the event of this id, with its leaf.
        INSERT INTO audit.incident (code, detail, event_id) VALUES (p_code, left(p_detail, 2000), uuidv7())
        RETURNING id INTO noted;
    END IF;
    RETURN noted;
END $$;
REVOKE ALL ON FUNCTION audit.note_trouble(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.note_trouble(text, text) TO auditportal_app;

CREATE OR REPLACE FUNCTION audit.note_contradiction(p_detail text)
RETURNS bigint LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$ SELECT audit.note_trouble('checkpoint_contradicted', p_detail) $$;
"""

# The database cannot open a wrapped key, so it cannot tell garbage from a key; it knows the size (nonce 12, key 32,
# tag 16). Whoever holds the installation's key can tell, and sets the garbage aside. What was set aside is kept: if it
# was no garbage, it still opens what was written under it, and so replacing a good key destroys nothing.
KEYS = """
CREATE TABLE audit.subject_key_replaced (
    subject     text        NOT NULL,
    wrapped     bytea       NOT NULL,
    replaced_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (subject, wrapped)
);
CREATE VIEW audit.subject_keys AS
SELECT subject, wrapped FROM audit.subject_key UNION ALL SELECT subject, wrapped FROM audit.subject_key_replaced;
REVOKE ALL ON audit.subject_key_replaced, audit.subject_keys FROM PUBLIC;
GRANT SELECT ON audit.subject_key_replaced, audit.subject_keys TO auditportal_reader;

CREATE OR REPLACE FUNCTION audit.ensure_subject_key(p_subject text, p_wrapped bytea)
RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE standing bytea;
BEGIN
    IF (p_subject <> '' AND octet_length(p_subject) <= 300 AND octet_length(p_wrapped) = 60) IS NOT TRUE THEN
        RAISE EXCEPTION 'A subject has a name and its wrapped key has 60 bytes.' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO audit.subject_key (subject, wrapped) VALUES (p_subject, p_wrapped)
    ON CONFLICT (subject) DO NOTHING;
    SELECT wrapped INTO standing FROM audit.subject_key WHERE subject = p_subject;
    RETURN standing;
END $$;

CREATE FUNCTION audit.replace_subject_key(p_subject text, p_standing bytea, p_wrapped bytea)
RETURNS bytea LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE standing bytea;
BEGIN
    IF octet_length(p_wrapped) <> 60 THEN
        RAISE EXCEPTION 'A wrapped key has 60 bytes.' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE audit.subject_key SET wrapped = p_wrapped WHERE subject = p_subject AND wrapped = p_standing;
    IF FOUND THEN
        INSERT INTO audit.subject_key_replaced (subject, wrapped) VALUES (p_subject, p_standing) ON CONFLICT DO NOTHING;
        PERFORM audit.note_trouble('subject_key_replaced', format(
            'The key of %s did not open and was set aside. Somebody has written to the database with the application''s login.',
            p_subject));
    END IF;
    SELECT wrapped INTO standing FROM audit.subject_key WHERE subject = p_subject;
    RETURN standing;
END $$;
REVOKE ALL ON FUNCTION audit.replace_subject_key(text, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.replace_subject_key(text, bytea, bytea) TO auditportal_app;
"""

# As in 0013, but keys that were set aside are destroyed with the others.
ERASE = """
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
    DELETE FROM audit.subject_key_replaced WHERE subject = asked.subject;
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
    dependencies = [("recordings", "0015_recounted_log")]
    operations = [
        migrations.RunSQL(RECORD, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(SETTLE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(NOTE, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(KEYS, reverse_sql=migrations.RunSQL.noop),
        migrations.RunSQL(ERASE, reverse_sql=migrations.RunSQL.noop),
    ]
