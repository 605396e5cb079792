"""A session's open viewings are found by an index that holds nothing else."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while people go on watching
    dependencies = [("recordings", "0024_viewing_untold")]
    operations = [
        # It may be there: whole from an early form of 0018, or invalid from a build that was cut off.
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS viewing_open", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="viewing",
            index=models.Index(
                condition=models.Q(("ended_at", None)), fields=["session_ref"], name="viewing_open"
            ),
        ),
    ]
