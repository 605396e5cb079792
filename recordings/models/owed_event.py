"""An event that is still to be written to the trail."""

from django.db import models


class OwedEvent(models.Model):
    """An event that the trail could not accept when it happened, or the refusals of a session within a minute.

    recordings/audit/owed.py writes the event later, and deletes this row in the same transaction.
    """

    kind = models.CharField(max_length=40)
    actor_ref = models.CharField(max_length=80)
    session = models.CharField(max_length=32, help_text="the session's reference in the trail")
    happened_at = models.DateTimeField(help_text="of refusals: the beginning of their minute")
    count = models.PositiveIntegerField(default=1)
    written = models.PositiveIntegerField(default=0, help_text="how many of them have an event of their own")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "actor_ref", "session", "happened_at"], name="owed_event_once"
            )
        ]
