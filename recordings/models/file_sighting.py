"""What storage reported of a recording's file at a time: kept when it differs from the time before."""

from django.db import models

from recordings.models.recording import Recording


class FileBadge(models.TextChoices):
    """Whether the file is the one first seen."""

    UNCHANGED = "unchanged", "Unchanged"
    DIFFERS = "differs", "Differs"
    CANNOT_TELL = "cannot_tell", "Cannot tell"


class FileSighting(models.Model):
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="sightings")
    seen_at = models.DateTimeField()
    outcome = models.CharField(max_length=20, help_text="storage.Outcome: found, missing, denied, …")
    size_bytes = models.BigIntegerField(null=True)
    etag = models.TextField(blank=True)
    last_modified = models.DateTimeField(null=True)
    version_id = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64, blank=True, help_text="empty: not read whole")

    class Meta:
        indexes = [models.Index(fields=["recording", "-seen_at"], name="sighting_newest")]
