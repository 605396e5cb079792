"""The state of the source: CommBox's availability, its deliveries, and items that could not be parsed."""

from django.db import models


class SourceStatus(models.Model):
    """One row: since when CommBox answers or fails. Pages use it to show how old their data may be."""

    last_success_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    error_class = models.CharField(max_length=20, blank=True, help_text="unreachable, unauthorized, …")
    failures = models.IntegerField(default=0, help_text="failed calls since the last one that worked")
    next_try_at = models.DateTimeField(null=True, help_text="while it fails: when the next call may be tried")
    mass_absence_since = models.DateTimeField(
        null=True, help_text="too many recordings missing: none is marked"
    )
    mass_absence_accepted_until = models.DateTimeField(null=True)


class Delivery(models.Model):
    """A webhook delivery, a hint that an object may have changed."""

    received_at = models.DateTimeField(auto_now_add=True, db_index=True)
    body_sha256 = models.CharField(max_length=64, unique=True)
    event_name = models.TextField(blank=True)
    object_id = models.BigIntegerField(null=True)
    stream_id = models.BigIntegerField(null=True)
    outcome = models.CharField(max_length=20)
    repeats = models.IntegerField(default=0)


class ParseProblem(models.Model):
    """An item of a response that could not be parsed. The other items were saved."""

    object_id = models.BigIntegerField(null=True, db_index=True)
    stream_id = models.BigIntegerField(null=True)
    reason = models.TextField()
    excerpt = models.TextField(blank=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now=True)
    times_seen = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_id", "stream_id", "reason", "excerpt"],
                name="problem_once",
                nulls_distinct=False,
            )
        ]
