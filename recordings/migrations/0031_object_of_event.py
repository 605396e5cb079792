"""Which object an event is on, as a column of the trail's index, so that a reader's scope can be asked of it.

The database computes the column from the others. It rewrites the table: nothing is written to the trail meanwhile, for
about 20 seconds per million events.
"""

from django.db import migrations, models
from django.db.models import Value

COLUMN = """
ALTER TABLE audit.event ADD COLUMN object_no bigint GENERATED ALWAYS AS (
    CASE WHEN target_kind = 'object' AND target_ref ~ '^object:[0-9]{1,18}$' THEN substr(target_ref, 8)::bigint
         WHEN target_kind = 'recording' AND parent_ref ~ '^object:[0-9]{1,18}$' THEN substr(parent_ref, 8)::bigint
    END) STORED;
-- For a scope of few objects: their events. For a wide one: the newest events, with their objects.
CREATE INDEX event_by_object ON audit.event (object_no, id) WHERE object_no IS NOT NULL;
CREATE INDEX event_objects   ON audit.event (id) INCLUDE (object_no) WHERE object_no IS NOT NULL;
"""
BACK = "ALTER TABLE audit.event DROP COLUMN object_no"


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0030_scorecards"),
    ]

    operations = [
        migrations.RunSQL(COLUMN, BACK),
        migrations.AddField(
            model_name="auditevent",
            name="object_no",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="scopes",
            field=models.JSONField(default=list, db_default=Value([{}], models.JSONField())),
        ),
    ]
