"""One search row per recording instead of one per object. `manage.py rebuild_search` fills them."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recordings", "0005_object_refresh"),
    ]

    operations = [
        migrations.CreateModel(
            name="SearchDoc",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("has_recording", models.BooleanField()),
                (
                    "newest",
                    models.BooleanField(
                        help_text="the newest row of its object: the one a list of objects shows"
                    ),
                ),
                ("files", models.IntegerField(help_text="recordings of the object")),
                ("shown_at", models.DateTimeField()),
                ("words", django.contrib.postgres.search.SearchVectorField()),
                ("stream_id", models.BigIntegerField()),
                ("agent_id", models.BigIntegerField(null=True)),
                ("duration_seconds", models.BigIntegerField(null=True)),
                ("recording_type", models.TextField(blank=True)),
                ("state", models.CharField(blank=True, max_length=24)),
                (
                    "worst_state",
                    models.CharField(blank=True, help_text="of all recordings of the object", max_length=24),
                ),
                (
                    "object",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="docs",
                        to="recordings.commboxobject",
                    ),
                ),
            ],
        ),
        migrations.DeleteModel(
            name="ObjectDoc",
        ),
        migrations.AddIndex(
            model_name="searchdoc",
            index=models.Index(fields=["-shown_at", "-id"], include=("has_recording",), name="doc_all"),
        ),
        migrations.AddIndex(
            model_name="searchdoc",
            index=models.Index(
                condition=models.Q(("newest", True)), fields=["-shown_at", "-id"], name="doc_newest"
            ),
        ),
        migrations.AddIndex(
            model_name="searchdoc",
            index=models.Index(
                fields=["agent_id", "-shown_at", "-id"], include=("newest",), name="doc_agent"
            ),
        ),
        migrations.AddIndex(
            model_name="searchdoc",
            index=models.Index(
                fields=["stream_id", "-shown_at", "-id"], include=("newest",), name="doc_stream"
            ),
        ),
        migrations.AddIndex(
            model_name="searchdoc",
            index=django.contrib.postgres.indexes.GinIndex(
                fastupdate=False, fields=["words"], name="doc_words"
            ),
        ),
    ]
