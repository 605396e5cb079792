"""Where objects and agents were on earlier days. Triggers of the database write the rows, so no change is missed."""

from django.db import models


class EarlierPlace(models.Model):
    """Channel, agent and class that an object had until a moment: written when one of them changes."""

    object_id = models.BigIntegerField()
    stream_id = models.BigIntegerField()
    agent_id = models.BigIntegerField(null=True)
    sensitivity = models.CharField(max_length=16)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["object_id", "until"], name="earlier_place")]


class TeamMembership(models.Model):
    """An agent's team, from a moment on until another one."""

    agent_id = models.BigIntegerField()
    team_id = models.BigIntegerField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["team_id", "since"], name="team_membership_since")]
        constraints = [
            models.UniqueConstraint(
                fields=["agent_id"], condition=models.Q(until=None), name="team_membership_once"
            )
        ]


class PlacesSince(models.Model):
    """The moment from which on places are known: one row, written by the migration."""

    since = models.DateTimeField()
