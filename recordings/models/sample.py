"""A sample of a plan and a period: its frozen population, what was drawn and skipped, and who evaluates it."""

from django.conf import settings
from django.db import models

from recordings.models.evaluation import Evaluation
from recordings.models.fields import uuid7
from recordings.models.recording import Recording
from recordings.models.sampling_plan import SamplingPlan


class Sample(models.Model):
    """The database refuses every change of what was frozen, and every second draw of one row."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    plan = models.ForeignKey(SamplingPlan, on_delete=models.PROTECT, related_name="samples")
    period_from = models.DateTimeField()
    period_until = models.DateTimeField()
    draw = models.IntegerField(help_text="which draw of this plan and period it is, from 1")

    frozen_at = models.DateTimeField()
    frozen_event = models.UUIDField(help_text="the event sample.frozen")
    filters = models.JSONField(help_text="what the plan was: its filters, groups, parts and scorers")
    exclusions = models.JSONField(help_text="how many recordings were left out, by reason")
    number = models.IntegerField(help_text="how many are drawn of each stratum")
    units = models.IntegerField(help_text="lines of the population file")
    population_hash = models.CharField(max_length=64, help_text="P: SHA-256 of the population file")

    drawn_at = models.DateTimeField(null=True)
    drawn_event = models.UUIDField(null=True, help_text="the event sample.drawn")
    checkpoint_size = models.BigIntegerField(null=True)
    checkpoint_origin = models.TextField(blank=True, default="")
    seed_lines = models.TextField(blank=True, default="", help_text="L: the lines that gave the seed")
    self_drawn = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["plan", "period_from", "draw"], name="sample_draw_once"),
        ]
        indexes = [
            models.Index(
                fields=["frozen_at"], name="sample_waiting", condition=models.Q(drawn_at__isnull=True)
            )
        ]


class PopulationPiece(models.Model):
    """A piece of a sample's population file. The pieces in order are the file. Rows are never changed."""

    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="pieces")
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "number"], name="population_piece_once")]


class SamplePick(models.Model):
    """A unit that was drawn. Rows are never changed; a skip is a row of its own, and so is what replaces it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    sample = models.ForeignKey(Sample, on_delete=models.PROTECT, related_name="picks")
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="picks")
    unit = models.CharField(max_length=120)
    stratum = models.TextField(blank=True)
    rank = models.BinaryField(help_text="32 bytes, compared ascending")
    picked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sample", "unit"], name="pick_once")]


class SampleSkip(models.Model):
    """Why a pick is not in the sample. A typed reason is a personal value of the event. Rows are never changed."""

    pick = models.OneToOneField(SamplePick, on_delete=models.PROTECT, related_name="skip")
    code = models.CharField(max_length=20)
    skipped_at = models.DateTimeField()
    event_id = models.UUIDField(help_text="the event sample.skipped")


class Assignment(models.Model):
    """A pick that a person is to evaluate. It is ended when somebody else gets it, and done with its evaluation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    pick = models.ForeignKey(SamplePick, on_delete=models.PROTECT, related_name="assignments")
    scorer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assignments")
    assigned_at = models.DateTimeField()
    due_at = models.DateTimeField()
    evaluation = models.OneToOneField(
        Evaluation, null=True, on_delete=models.PROTECT, related_name="assignment"
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["pick"], condition=models.Q(ended_at=None), name="assignment_one_at_a_time"
            )
        ]
        indexes = [
            models.Index(
                fields=["scorer", "due_at"], name="assignment_open", condition=models.Q(ended_at=None)
            )
        ]
