"""A verification of the whole trail: its checks, its findings, its duration."""

from datetime import timedelta

from django.db import models

from recordings.models.fields import uuid7


class TrailVerification(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    started_at = models.DateTimeField(db_index=True)
    finished_at = models.DateTimeField()
    events = models.BigIntegerField()
    leaves = models.BigIntegerField()
    ok = models.BooleanField()
    problem = models.TextField(blank=True, help_text="the first thing that is wrong")
    lines = models.JSONField(default=list, help_text="name, ok, sentence, milliseconds of each check")

    @property
    def duration(self) -> timedelta:
        return self.finished_at - self.started_at
