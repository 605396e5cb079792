"""Agents (CommBox: managers) and their teams, as CommBox last named them."""

from django.db import models


class Team(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(blank=True)


class Agent(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(blank=True)
    email = models.TextField(blank=True)
    team = models.ForeignKey(Team, null=True, on_delete=models.SET_NULL, related_name="agents")
    confirmed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name or f"agent {self.id}"
