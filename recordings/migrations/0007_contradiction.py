"""The one incident that the application may note: somebody brought a checkpoint of ours that the log contradicts.

Self-contained on purpose, like the trail itself: a migration must do the same in ten years.
"""

from django.db import migrations

# Its code is fixed, so that nobody who holds the application's login can stop the sealer with an incident of its kind.
FUNCTION = """
CREATE FUNCTION audit.note_contradiction(p_detail text)
RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, audit, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE noted bigint;
BEGIN
    SELECT i.id INTO noted FROM audit.incident i
    WHERE i.code = 'checkpoint_contradicted' AND i.detail = left(p_detail, 2000) AND i.settles IS NULL
      AND NOT EXISTS (SELECT FROM audit.incident s WHERE s.settles = i.id) LIMIT 1;
    IF noted IS NULL THEN
        INSERT INTO audit.incident (code, detail) VALUES ('checkpoint_contradicted', left(p_detail, 2000))
        RETURNING id INTO noted;
    END IF;
    RETURN noted;
END $$;
REVOKE ALL ON FUNCTION audit.note_contradiction(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION audit.note_contradiction(text) TO auditportal_app;
"""


class Migration(migrations.Migration):
    dependencies = [("recordings", "0006_verification")]
    operations = [migrations.RunSQL(FUNCTION, reverse_sql=migrations.RunSQL.noop)]
