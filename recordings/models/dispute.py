"""What happens to a submitted evaluation: release, signature, disputes and their decisions. Rows are evidence.

The state of an evaluation is derived from these rows (reviews/disputes/standing.py). Reasons are personal values of the
events, whose ids the rows have.
"""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from recordings.models.evaluation import Evaluation, EvaluationScore
from recordings.models.fields import SpansField, uuid7


class DisputeOutcome(models.TextChoices):
    UPHELD = "upheld", _("Upheld")
    CHANGED = "changed", _("Changed")


class EvaluationRelease(models.Model):
    """An evaluation was released to the agent of the call. From then on the agent may read it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    evaluation = models.OneToOneField(Evaluation, on_delete=models.PROTECT, related_name="release")
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    released_at = models.DateTimeField()
    event_id = models.UUIDField()


class EvaluationSignature(models.Model):
    """The agent, or a supervisor for them, has read a score. A newer score needs a signature of its own."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    score = models.OneToOneField(EvaluationScore, on_delete=models.PROTECT, related_name="signature")
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    is_for_agent = models.BooleanField(help_text="a supervisor signed for the agent")
    event_id = models.UUIDField()


class EvaluationReading(models.Model):
    """When a person first saw the answers of an evaluation. Nobody scores blind what they have read."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="readings")
    reader = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    read_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["evaluation", "reader"], name="evaluation_read_once")]


class Dispute(models.Model):
    """A dispute of one answer. It is decided once, and then the question is not disputed again."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="disputes")
    question = models.CharField(max_length=64, help_text="key of the question")
    score = models.ForeignKey(
        EvaluationScore, on_delete=models.PROTECT, related_name="+", help_text="the newest one then"
    )
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    is_for_agent = models.BooleanField(help_text="a supervisor disputes for the agent")
    opened_event = models.UUIDField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=7, choices=DisputeOutcome, blank=True, default="")
    decided_score = models.OneToOneField(
        EvaluationScore,
        null=True,
        on_delete=models.PROTECT,
        related_name="decision",
        help_text="the score that the decision made",
    )
    decided_event = models.UUIDField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["evaluation", "question"], name="question_disputed_once")
        ]

    @property
    def is_open(self) -> bool:
        return self.decided_at is None


class BlindAnswer(models.Model):
    """A decider's own answer to a disputed question, given before the scorer's was shown.

    `answers` is an `auditportal-answers/1` file. Besides the question it has the questions that only this answer asks.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="blind_answers")
    decider = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField()
    answers = models.BinaryField()
    answers_hash = models.CharField(max_length=71, help_text="sha256: and the hash of the answers")
    watched = SpansField(help_text="what the decider had watched of the recording")
    watched_percent = models.IntegerField(null=True, help_text="of the reported length; none when unknown")
    event_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["dispute", "decider"], name="answered_blind_once")]


class EvaluationReminder(models.Model):
    """A mail that was sent about an evaluation, so that each stage of a window is mailed once."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="+")
    stage = models.CharField(max_length=16)
    due_at = models.DateTimeField(help_text="the deadline that it was about")
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "evaluation", "stage", "due_at"], name="evaluation_reminded_once"
            )
        ]
