"""Find long and short recordings without reading all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recordings", "0007_viewing_turns")]

    operations = [
        migrations.AddIndex("searchdoc", models.Index(fields=["duration_seconds"], name="doc_length")),
    ]
