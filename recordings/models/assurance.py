"""Checks of sampled files, and monthly completeness statements."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy

from recordings.models.fields import uuid7
from recordings.models.recording import Recording


class MediaOutcome(models.TextChoices):
    """Whether a file can be played, judged by its first and last bytes."""

    OPENS = "opens", gettext_lazy("Opens")
    FAILS = "fails", gettext_lazy("Does not open")
    CANNOT_TELL = "cannot_tell", gettext_lazy("Inconclusive")


class MediaCheck(models.Model):
    """One check of a recording's file by its first and last bytes. `sentence` is English."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="media_checks")
    checked_at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=MediaOutcome)
    sentence = models.TextField()
    container = models.CharField(max_length=12, blank=True, help_text="mp4, webm; empty: not known")
    measured_ms = models.BigIntegerField(null=True, help_text="the length the file itself says")
    reported_seconds = models.BigIntegerField(null=True, help_text="the length CommBox reported then")
    size_bytes = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["recording", "-checked_at"], name="media_check_of_recording"),
            models.Index(fields=["-checked_at"], name="media_check_newest"),
        ]

    @property
    def outcome_label(self) -> str:
        return str(MediaOutcome(self.outcome).label)

    @property
    def tone(self) -> str:
        return {"opens": "ok", "fails": "bad"}.get(self.outcome, "warn")

    @property
    def measured_seconds(self) -> float | None:
        return None if self.measured_ms is None else self.measured_ms / 1000


class CompletenessStatement(models.Model):
    """The statement of a month. The database refuses every change; later differences make a new version."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    month = models.DateField(help_text="its first day")
    version = models.IntegerField()
    stated_at = models.DateTimeField()
    stated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="statements",
        help_text="empty: the schedule",
    )
    expected = models.BigIntegerField()
    found = models.BigIntegerField()
    exceptions = models.BigIntegerField()
    document = models.BinaryField(help_text="the statement itself, canonical JSON")
    sha256 = models.CharField(max_length=64, help_text="of the document")
    table_sha256 = models.CharField(max_length=64, help_text="of the same as CSV")
    facts_sha256 = models.CharField(max_length=64, help_text="of what it says, apart from version and time")
    event_id = models.UUIDField(help_text="the event that carries its SHA-256 into the sealed log")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["month", "version"], name="statement_version_once")]
