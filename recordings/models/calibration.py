"""A calibration: several people score the same recordings with one version of a scorecard, then compare and agree."""

from django.conf import settings
from django.db import models

from recordings.models.fields import uuid7
from recordings.models.recording import Recording
from recordings.models.scorecard import ScorecardVersion


class Calibration(models.Model):
    """Its state is derived: from what the participants submitted, `closed_at`, and the agreed cards."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    version = models.ForeignKey(ScorecardVersion, on_delete=models.PROTECT, related_name="calibrations")
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    due_at = models.DateTimeField(help_text="until when the participants should submit")
    closed_at = models.DateTimeField(null=True, help_text="when a manager ended scoring before all submitted")
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )


class CalibrationRecording(models.Model):
    """A recording that all participants score."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, related_name="recordings")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="calibrations")
    place = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calibration", "recording"], name="calibration_recording_once")
        ]


class CalibrationParticipant(models.Model):
    """A person who is asked to score all recordings of a calibration."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, related_name="participants")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="calibrations"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["calibration", "person"], name="calibration_participant_once")
        ]


class CalibrationComment(models.Model):
    """A comment on a question. Its text is a personal value of its event, not a column."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, related_name="comments")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="+")
    question = models.CharField(max_length=64, help_text="key of the question in the form")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    commented_at = models.DateTimeField(auto_now_add=True)
    event_id = models.UUIDField()
