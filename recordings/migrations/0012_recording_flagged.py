"""Recordings with a field that could not be read are found by an index that holds nothing else."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while the refresh goes on writing
    dependencies = [("recordings", "0011_assurance")]
    operations = [
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("flags", []), _negated=True),
                fields=["-first_seen_at"],
                name="recording_flagged",
            ),
        ),
    ]
