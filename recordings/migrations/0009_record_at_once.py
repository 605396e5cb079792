"""One round trip per event: the writer's keys are compared and the event is written by one statement.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years.
"""

from django.db import migrations

# With the caller's rights: it may do nothing that the caller could not do in three statements. The block with its
# EXCEPTION is a savepoint that costs no round trip: a refused event leaves the caller's transaction able to answer.
FUNCTION = """
CREATE FUNCTION audit.record_event_under(
    p_body bytea, p_fields text[], p_subjects text[], p_sealed bytea[], p_keys bytea[])
RETURNS text LANGUAGE plpgsql
AS $$
BEGIN
    -- One by one, by the index: a join would read all keys there are.
    IF EXISTS (SELECT FROM unnest(p_subjects, p_keys) AS given(subject, wrapped)
               WHERE (SELECT k.wrapped FROM audit.subject_key AS k WHERE k.subject = given.subject)
                     IS DISTINCT FROM given.wrapped) THEN
        RETURN 'other keys';
    END IF;
    PERFORM audit.record_event(p_body, p_fields, p_subjects, p_sealed);
    RETURN 'recorded';
EXCEPTION WHEN query_canceled OR OTHERS THEN
    RETURN SQLSTATE || ': ' || SQLERRM;
END $$;

REVOKE ALL ON FUNCTION audit.record_event_under(bytea, text[], text[], bytea[], bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.record_event_under(bytea, text[], text[], bytea[], bytea[]) TO auditportal_app;
"""


class Migration(migrations.Migration):
    dependencies = [("recordings", "0008_api_keys")]
    operations = [migrations.RunSQL(FUNCTION, reverse_sql=migrations.RunSQL.noop)]
