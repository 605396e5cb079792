"""Files that are due are found by an index that holds nothing else."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while the refresh goes on writing
    dependencies = [("recordings", "0020_file_due")]
    operations = [
        AddIndexConcurrently(
            model_name="recording",
            index=models.Index(
                condition=models.Q(("file_due_at__isnull", False)),
                fields=["-file_due_at"],
                name="recording_file_due",
            ),
        ),
    ]
