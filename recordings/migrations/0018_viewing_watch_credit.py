from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0017_short_pending_list"),
    ]

    operations = [
        migrations.AddField(
            model_name="viewing",
            name="watch_credit_ms",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text="what could have been played until then and was not reported",
            ),
        ),
        migrations.AlterField(
            model_name="viewing",
            name="watched_at",
            field=models.DateTimeField(help_text="when the player last reported", null=True),
        ),
    ]
