"""Rows about sign-in: sessions, when second factors can be added, their resets, use of a break-glass account."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

# How long another administrator may confirm a reset.
RESET_LIFE = timedelta(hours=24)


class PersonSession(models.Model):
    """One session of a person, as they see it in a list. It is found by a keyed hash, never by its key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions")
    reference = models.CharField(max_length=32, help_text="as the trail has it; stays when the key changes")
    key_hash = models.CharField(max_length=64, unique=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())
    address = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(max_length=300, blank=True)
    authn = models.CharField(max_length=40)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    class Meta:
        indexes = [models.Index(fields=["user", "-seen_at"], name="person_sessions")]


class WindowQuerySet(models.QuerySet["EnrolmentWindow"]):
    def open(self) -> Self:
        """Return the windows that are open now, by the database's clock."""
        return self.filter(closed_at=None, until__gt=Now())


class EnrolmentWindow(models.Model):
    """A time in which accounts without a second factor can add one: everybody's, or one person's."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    opened_at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = WindowQuerySet.as_manager()


class ResetQuerySet(models.QuerySet["FactorReset"]):
    def pending(self) -> Self:
        """Return the resets that another administrator may confirm now."""
        return self.filter(confirmed_at=None, withdrawn_at=None, asked_at__gt=Now() - RESET_LIFE)


class FactorReset(models.Model):
    """A reset of a person's second factors: one administrator asks, another confirms within a day."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="factor_resets")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(db_default=Now())
    reason = models.CharField(max_length=300)
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    confirmed_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = ResetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(confirmed_at=None, withdrawn_at=None),
                name="factor_reset_once_at_a_time",
            )
        ]


class BreakGlassUse(models.Model):
    """A sign-in with a break-glass account. Administrators see it on every page until one acknowledges it."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    used_at = models.DateTimeField(db_default=Now())
    mailed_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["used_at"], name="break_glass_unseen", condition=Q(acknowledged_at=None))
        ]
