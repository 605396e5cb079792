"""When custody looks at a file next, and how a plus sign in its URL is read. Every file is due once."""

import django.db.models.functions.datetime
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0019_trail_words"),
    ]
    operations = [
        migrations.AddField(
            model_name="recording",
            name="file_due_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=django.utils.timezone.now,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="recording",
            name="plus_is_blank",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
