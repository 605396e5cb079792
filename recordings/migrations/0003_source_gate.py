"""What the refresh needs to pause for a source that fails: why, how often, and when to knock again."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recordings", "0002_audit_trail")]

    operations = [
        migrations.AddField(
            "sourcestatus",
            "error_class",
            models.CharField(blank=True, max_length=20, default="", help_text="unreachable, unauthorized, …"),
            preserve_default=False,
        ),
        migrations.AddField(
            "sourcestatus",
            "failures",
            models.IntegerField(default=0, help_text="failed calls since the last one that worked"),
        ),
        migrations.AddField(
            "sourcestatus",
            "next_try_at",
            models.DateTimeField(help_text="while it fails: when the next call may be tried", null=True),
        ),
    ]
