"""A report. Its row is also the job: it is found and finished even when a message or a worker is lost."""

from django.conf import settings
from django.db import models
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.models.fields import uuid7
from recordings.reach import Reach


class ReportState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    BUILDING = "building", _("Building")
    READY = "ready", _("Ready")
    FAILED = "failed", _("Failed")


class ReportKind(models.TextChoices):
    """What each row of a report is."""

    EVENTS = "events", _("Events")
    VIEWINGS = "viewings", _("Viewings")
    ACCESS = "access", _("Access by person")
    REVIEW = "review", _("Evidence of review")
    SCORES = "scores", _("Evaluations")
    NUMBERS = "numbers", _("Numbers of evaluations")

    @property
    def is_of_trail(self) -> bool:
        """Whether it is made from the trail, and not from evaluations."""
        return self not in (ReportKind.SCORES, ReportKind.NUMBERS)


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
    language = models.CharField(max_length=12, default="en", db_default="en", help_text="of a PDF")
    filters = models.JSONField(default=dict)
    # In which its requester could export when it was built, or else requested.
    scopes = models.JSONField(default=list, db_default=Value([{}], models.JSONField()))
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

    @property
    def reach(self) -> Reach:
        """What the report covers at most."""
        return Reach.from_detail(self.scopes)
