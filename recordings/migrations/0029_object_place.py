"""The channels and agents of objects are read from an index, one step for each different entry."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    atomic = False  # built while the catalog is used
    dependencies = [("recordings", "0028_sensitivity")]
    operations = [
        # It may be invalid from a build that was cut off.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS object_place", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="commboxobject",
            index=models.Index(
                models.F("stream"), Coalesce("agent", -1), models.F("sensitivity"), name="object_place"
            ),
        ),
    ]
