"""The index of the list of results."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("recordings", "0040_coaching")]

    operations = [
        AddIndexConcurrently(
            model_name="evaluation",
            index=models.Index(
                fields=["-submitted_at", "-id"],
                condition=models.Q(submitted_at__isnull=False),
                name="evaluation_submitted",
            ),
        ),
    ]
