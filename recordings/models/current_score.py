"""The current score of each counted evaluation, beside what numbers are filtered by. The database keeps the rows."""

from django.conf import settings
from django.db import models

from recordings.models.evaluation import Evaluation
from recordings.models.scorecard import ScorecardVersion

# What tallies read: their statements are answered from the index, without the rows and their answers.
_TALLIED = [
    "agent_id",
    "stream_id",
    "sensitivity",
    "version",
    "scorer",
    "score",
    "na_share",
    "watched_percent",
    "fails",
    "changes",
]


class CurrentScore(models.Model):
    """Triggers write a row for each new score, and follow channel, agent, class and time of the recording.

    Scores of a calibration are not counted and have no row, as `counted_evaluations` leaves them out.

    Scores and shares are in hundredths, so that sums are exact. A score above 10,000 points has 10,000 here.
    """

    evaluation = models.OneToOneField(
        Evaluation, primary_key=True, on_delete=models.PROTECT, related_name="current"
    )
    version = models.ForeignKey(ScorecardVersion, on_delete=models.PROTECT, related_name="+")
    scorer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    recording_id = models.UUIDField()
    object_id = models.BigIntegerField()
    stream_id = models.BigIntegerField()
    agent_id = models.BigIntegerField(null=True)
    sensitivity = models.CharField(max_length=16)
    shown_at = models.DateTimeField(help_text="of the recording")
    submitted_at = models.DateTimeField()
    score = models.IntegerField(null=True, help_text="in hundredths; none when no question counted")
    first_score = models.IntegerField(null=True)
    changes = models.IntegerField(help_text="how many scores came after the first")
    na_share = models.IntegerField(null=True, help_text="in hundredths of a per cent")
    watched_percent = models.IntegerField(null=True)
    fails = models.IntegerField(help_text="questions that failed the evaluation or a section")
    codes = models.BinaryField(null=True, help_text="the answers, a byte each; none until they are encoded")

    class Meta:
        indexes = [
            models.Index(fields=["shown_at"], include=_TALLIED, name="current_score_counted"),
            models.Index(fields=["agent_id", "shown_at"], name="current_score_agent"),
            models.Index(fields=["object_id"], name="current_score_object"),
            models.Index(fields=["recording_id"], name="current_score_recording"),
            models.Index(fields=["evaluation"], name="current_score_uncoded", condition=models.Q(codes=None)),
        ]
