"""The rows that search reads: one per recording, and one for an object without recordings."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from recordings.models.commbox_object import CommBoxObject
from recordings.models.sensitivity import Sensitivity


class SearchDoc(models.Model):
    """`id`: of the recording; for an object without recordings, the object's number."""

    id = models.UUIDField(primary_key=True)
    object = models.ForeignKey(CommBoxObject, on_delete=models.CASCADE, related_name="docs")
    has_recording = models.BooleanField()
    newest = models.BooleanField(help_text="the newest row of its object: the one a list of objects shows")
    files = models.IntegerField(help_text="recordings of the object")
    shown_at = models.DateTimeField()
    words = SearchVectorField()
    stream_id = models.BigIntegerField()
    agent_id = models.BigIntegerField(null=True)
    sensitivity = models.CharField(
        max_length=16, default=Sensitivity.STANDARD, db_default=Sensitivity.STANDARD.value
    )
    duration_seconds = models.BigIntegerField(null=True)
    recording_type = models.TextField(blank=True)
    state = models.CharField(max_length=24, blank=True)
    worst_state = models.CharField(max_length=24, blank=True, help_text="of all recordings of the object")

    class Meta:
        indexes = [
            models.Index(fields=["-shown_at", "-id"], name="doc_all", include=["has_recording"]),
            models.Index(fields=["-shown_at", "-id"], name="doc_newest", condition=models.Q(newest=True)),
            models.Index(
                fields=["-shown_at", "-id"],
                name="doc_with_recording",
                condition=models.Q(newest=True, has_recording=True),
            ),
            models.Index(fields=["agent_id", "-shown_at", "-id"], name="doc_agent", include=["newest"]),
            models.Index(fields=["stream_id", "-shown_at", "-id"], name="doc_stream", include=["newest"]),
            models.Index(fields=["duration_seconds"], name="doc_length"),
            # A short pending list, so that a search scans few rows that are not in the index yet.
            GinIndex(fields=["words"], name="doc_words", fastupdate=True, gin_pending_list_limit=64),
        ]
