import django.db.models.expressions
from django.db import migrations

import recordings.models.fields


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0023_owed_event"),
    ]

    operations = [
        migrations.AddField(
            model_name="viewing",
            name="untold",
            field=recordings.models.fields.SpansField(
                db_default=django.db.models.expressions.RawSQL("'{}'::int8multirange", ()),
                default=list,
                help_text="those of the watched spans that no event tells yet",
            ),
        ),
    ]
