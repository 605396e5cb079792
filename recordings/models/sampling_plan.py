"""A sampling plan: what is drawn from, how many and how often, and who evaluates what was drawn."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from recordings.models.fields import uuid7
from recordings.models.scorecard import Scorecard


class PlanPeriod(models.TextChoices):
    """How often a plan draws. A week begins where the company's week begins."""

    DAY = "day", _("Day")
    WEEK_SUNDAY = "week_sunday", _("Week from Sunday")
    WEEK_MONDAY = "week_monday", _("Week from Monday")
    MONTH = "month", _("Month")


class PlanGroup(models.TextChoices):
    """Of what a plan draws its number: the groups are the strata of the sample."""

    ALL = "all", _("In all")
    AGENT = "agent", _("For each agent")
    TEAM = "team", _("For each team")
    CHANNEL = "channel", _("For each channel")


class SamplingPlan(models.Model):
    """Lists without ids do not limit. A sample keeps what the plan was when its population was frozen."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="plans")
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    # Which recordings.
    channels = ArrayField(models.BigIntegerField(), default=list)
    teams = ArrayField(models.BigIntegerField(), default=list)
    agents = ArrayField(models.BigIntegerField(), default=list)
    shortest_seconds = models.IntegerField(null=True)
    longest_seconds = models.IntegerField(null=True)
    # What the person who saved the plan could reach: no sample goes beyond it.
    scopes = models.JSONField(default=list)

    # How many, and how often.
    period = models.CharField(max_length=12, choices=PlanPeriod, default=PlanPeriod.WEEK_MONDAY)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="whose days the period has")
    group = models.CharField(max_length=8, choices=PlanGroup, default=PlanGroup.AGENT)
    number = models.IntegerField(help_text="how many of each group and period")
    parts = models.IntegerField(default=1, help_text="equal parts of the period; each gives the same number")

    # Who evaluates.
    scorers = models.JSONField(default=dict, help_text="by a person's id: how many of a period at most")
    due_days = models.IntegerField(default=7)

    # The end of the newest period for which the portal tried to draw, and why nothing was drawn.
    tried_until = models.DateTimeField(null=True)
    tried_problem = models.CharField(max_length=20, blank=True, default="")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return str(self.id)
