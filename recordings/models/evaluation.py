"""An evaluation of a recording by one person, what was typed into it, and its scores. A score is never changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from recordings.models.calibration import Calibration
from recordings.models.fields import SpansField, uuid7
from recordings.models.recording import Recording
from recordings.models.scorecard import ScorecardVersion


class Evaluation(models.Model):
    """`typed` are the fields of the page while it is open; comments leave the row when it is submitted."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="evaluations")
    version = models.ForeignKey(ScorecardVersion, on_delete=models.PROTECT, related_name="evaluations")
    scorer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="evaluations")
    started_at = models.DateTimeField(auto_now_add=True)
    typed = models.JSONField(default=dict)
    revision = models.IntegerField(default=0, help_text="how often it was saved")
    saved_at = models.DateTimeField(null=True)
    # What another tab saved over: kept until the evaluation is submitted.
    replaced = models.JSONField(default=dict)
    submitted_at = models.DateTimeField(null=True)
    # Not counted: blind scores of a calibration, and the card on which it agreed.
    calibration = models.ForeignKey(
        Calibration, null=True, on_delete=models.PROTECT, related_name="evaluations"
    )
    is_agreed_card = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [
            models.Index(fields=["scorer", "-submitted_at", "-started_at"], name="evaluation_by_scorer"),
            models.Index(
                fields=["-submitted_at", "-id"],
                condition=Q(submitted_at__isnull=False),
                name="evaluation_submitted",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["recording", "scorer", "version"],
                condition=Q(submitted_at=None, calibration=None),
                name="evaluation_one_open",
            ),
            models.UniqueConstraint(
                fields=["calibration", "recording", "scorer", "is_agreed_card"],
                condition=Q(calibration__isnull=False),
                name="evaluation_once_in_calibration",
            ),
            models.CheckConstraint(
                condition=Q(is_agreed_card=False) | Q(calibration__isnull=False),
                name="evaluation_agreed_in_calibration",
            ),
        ]

    @property
    def is_open(self) -> bool:
        return self.submitted_at is None

    @property
    def is_blind(self) -> bool:
        """Whether it is a participant's score in a calibration: submitted once, and not after scoring was closed."""
        return self.calibration_id is not None and not self.is_agreed_card


class EvaluationScore(models.Model):
    """A score as it was submitted: the first, and one for each change. The database refuses every change of a row.

    `answers` is an `auditportal-answers/1` file in canonical JSON, in which "…" stands for texts and reasons: these and
    the comments are personal values of the event.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="scores")
    number = models.IntegerField()
    scored_at = models.DateTimeField()
    answers = models.BinaryField()
    answers_hash = models.CharField(max_length=71, help_text="sha256: and the hash of the answers")
    result = models.JSONField(help_text="what score_form prints for form and answers")
    watched = SpansField(help_text="what the scorer had watched of the recording")
    watched_percent = models.IntegerField(null=True, help_text="of the reported length; none when unknown")
    event_id = models.UUIDField(help_text="the event that has hashes, score and watched ranges")

    class Meta:
        indexes = [models.Index(fields=["scored_at"], name="score_scored")]
        constraints = [models.UniqueConstraint(fields=["evaluation", "number"], name="score_number_once")]
