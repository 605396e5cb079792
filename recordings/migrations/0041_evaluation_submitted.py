"""The indexes of the lists of results and of one's own evaluations."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("recordings", "0040_coaching")]

    operations = [
        AddIndexConcurrently(
            model_name="evaluation",
            index=models.Index(
                fields=["scorer", "-submitted_at", "-started_at"], name="evaluation_by_scorer"
            ),
        ),
        AddIndexConcurrently(
            model_name="evaluationscore", index=models.Index(fields=["scored_at"], name="score_scored")
        ),
        RemoveIndexConcurrently(model_name="evaluation", name="evaluation_of_scorer"),
        AddIndexConcurrently(
            model_name="evaluation",
            index=models.Index(
                fields=["-submitted_at", "-id"],
                condition=models.Q(submitted_at__isnull=False),
                name="evaluation_submitted",
            ),
        ),
    ]
