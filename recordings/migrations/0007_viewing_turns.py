"""When a viewing last asked for a URL, and last asked what is wrong: so that neither is asked too often."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recordings", "0006_search_docs")]
    operations = [
        migrations.AddField(
            "viewing",
            "url_issued_at",
            models.DateTimeField(
                null=True, help_text="the newest attempt: the next one waits a little"
            ),
        ),
        migrations.AddField(
            "viewing",
            "checked_at",
            models.DateTimeField(null=True, help_text="when storage was last asked what is wrong"),
        ),
    ]
