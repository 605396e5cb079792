"""Find failed refreshes by time. The reverse names were `objects`, which hid the managers of Stream and Agent."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recordings", "0004_trail_by_request")]

    operations = [
        migrations.AlterField(
            "commboxobject",
            "stream",
            models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="commbox_objects",
                to="recordings.stream",
            ),
        ),
        migrations.AlterField(
            "commboxobject",
            "agent",
            models.ForeignKey(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="commbox_objects",
                to="recordings.agent",
            ),
        ),
        migrations.AddIndex(
            "commboxobject",
            models.Index(
                condition=models.Q(refresh_error_at__isnull=False),
                fields=["-refresh_error_at"],
                name="object_refresh_failed",
            ),
        ),
    ]
