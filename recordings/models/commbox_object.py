"""An object, a conversation in CommBox, as last confirmed. Named so that Python's `object` stays usable."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Coalesce

from recordings.models.people import Agent
from recordings.models.sensitivity import Sensitivity
from recordings.models.stream import Stream


class CommBoxObject(models.Model):
    id = models.BigIntegerField(primary_key=True)
    stream = models.ForeignKey(Stream, on_delete=models.PROTECT, related_name="commbox_objects")
    substream_id = models.BigIntegerField(null=True)
    status_id = models.IntegerField(null=True)
    object_type = models.IntegerField(null=True)
    customer_identity_id = models.BigIntegerField(null=True, db_index=True)
    customer_name = models.TextField(blank=True)
    customer_email = models.TextField(blank=True)
    customer_phone = models.TextField(blank=True)
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.SET_NULL, related_name="commbox_objects", db_constraint=False
    )
    sensitivity = models.CharField(
        max_length=16, default=Sensitivity.STANDARD, db_default=Sensitivity.STANDARD.value
    )
    message = models.TextField(blank=True)
    created_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    raw = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    # Refresh of its recordings. The row is the queue; a Celery message only starts it sooner.
    refreshed_at = models.DateTimeField(null=True)
    refresh_due_at = models.DateTimeField(null=True)
    refresh_leased_until = models.DateTimeField(null=True)
    # The database session of the worker with the lease: when the session is gone, so is the worker.
    refresh_leased_by = models.IntegerField(null=True)
    refresh_attempts = models.IntegerField(default=0)
    # How often in a row its refresh crashed the worker; after three times it is not retried.
    refresh_deaths = models.IntegerField(default=0, db_default=0)
    refresh_unfinished = models.BooleanField(default=False, db_default=False)
    refresh_error = models.TextField(blank=True)
    refresh_error_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            # Where objects are: few different entries, so it is small (catalog/places.py).
            models.Index(F("stream"), Coalesce("agent", -1), F("sensitivity"), name="object_place"),
            models.Index(
                fields=["refresh_due_at"],
                name="object_refresh_due",
                condition=models.Q(refresh_due_at__isnull=False),
            ),
            models.Index(
                fields=["-refresh_error_at"],
                name="object_refresh_failed",
                condition=models.Q(refresh_error_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def subject(self) -> str:
        """Return the subject of this row's personal values, under whose key the trail encrypts them."""
        return f"customer:{self.customer_identity_id or self.id}"
