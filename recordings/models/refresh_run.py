"""A run of a scheduled task of the refresh: its turn, its times, its outcome."""

from django.db import models


class RefreshRun(models.Model):
    """One turn of a schedule. `slot` numbers the turns since 1970, so that two schedulers cannot run one turn twice."""

    kind = models.CharField(max_length=20)
    slot = models.BigIntegerField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(
        max_length=10, blank=True, help_text="done, partial, failed; empty while it runs"
    )
    counts = models.JSONField(default=dict)
    cursor = models.TextField(blank=True, help_text="how far it came, in words")
    trouble = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "slot"], name="refresh_run_once")]
        indexes = [models.Index(fields=["-started_at"], name="refresh_run_newest")]

    @property
    def seconds(self) -> float | None:
        """Return how long it took; None while it runs."""
        return (self.finished_at - self.started_at).total_seconds() if self.finished_at else None
