"""The list of objects shows those with a recording: by an index that holds nothing else."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # built while the refresh goes on writing
    dependencies = [("recordings", "0021_file_due_index")]
    operations = [
        AddIndexConcurrently(
            model_name="searchdoc",
            index=models.Index(
                condition=models.Q(("has_recording", True), ("newest", True)),
                fields=["-shown_at", "-id"],
                name="doc_with_recording",
            ),
        ),
    ]
