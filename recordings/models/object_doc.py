"""What search reads: one narrow row per object, rebuilt from the facts by `catalog.docs` whenever they change."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from recordings.models.commbox_object import CommBoxObject


class ObjectDoc(models.Model):
    object = models.OneToOneField(
        CommBoxObject, on_delete=models.CASCADE, primary_key=True, related_name="doc"
    )
    words = SearchVectorField()
    newest_at = models.DateTimeField()
    oldest_at = models.DateTimeField()
    recording_count = models.IntegerField(default=0)
    stream_id = models.BigIntegerField()
    agent_id = models.BigIntegerField(null=True)
    status_id = models.IntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["-newest_at", "-object"], name="doc_newest"),
            GinIndex(fields=["words"], name="doc_words"),
            models.Index(fields=["agent_id", "-newest_at"], name="doc_agent"),
            models.Index(fields=["stream_id", "-newest_at"], name="doc_stream"),
        ]
