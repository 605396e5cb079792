from django.db import migrations, models


class Migration(migrations.Migration):
    """The language in which the PDF of a report is written. Reports of the release before are in English."""

    dependencies = [("recordings", "0026_trail_words_folded")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="language",
            field=models.CharField(db_default="en", default="en", help_text="of a PDF", max_length=12),
        )
    ]
