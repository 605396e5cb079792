"""An exported report. The row is the job: whatever happens to broker or worker, it is found and finished."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from recordings.models.fields import uuid7


class ReportState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    BUILDING = "building", "Building"
    READY = "ready", "Ready"
    FAILED = "failed", "Failed"


class ReportKind(models.TextChoices):
    """What a row of a report is."""

    EVENTS = "events", "Events"
    VIEWINGS = "viewings", "Viewings"
    ACCESS = "access", "Access by person"


class Report(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reports"
    )
    requested_at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(
        max_length=10, choices=ReportKind, default=ReportKind.EVENTS, db_default=ReportKind.EVENTS.value
    )
    format = models.CharField(max_length=10)
    filters = models.JSONField(default=dict)
    last_event_id = models.BigIntegerField(help_text="newest event in the report: fixed when it is requested")

    state = models.CharField(max_length=10, choices=ReportState, default=ReportState.WAITING)
    leased_until = models.DateTimeField(null=True)
    attempts = models.IntegerField(default=0)
    error = models.TextField(blank=True)
    rows_expected = models.BigIntegerField(null=True)
    rows_done = models.BigIntegerField(default=0)
    started_at = models.DateTimeField(null=True)

    file_name = models.TextField(blank=True)
    size_bytes = models.BigIntegerField(null=True)
    sha256 = models.CharField(max_length=64, blank=True)
    built_at = models.DateTimeField(null=True)
