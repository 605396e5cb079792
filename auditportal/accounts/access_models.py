"""Who asks for access, and the regular recertification of all grants. Rows are decided, never deleted."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.reach import Level


class AccountClosure(models.Model):
    """A time during which an account was inactive: for the question who could see something on an earlier day."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="closures")
    closed_at = models.DateTimeField(default=timezone.now, db_default=Now())
    reopened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=models.Q(reopened_at=None), name="closure_once_at_a_time"
            )
        ]


class AccessRequest(models.Model):
    """A person asks for access to a recording or an object. `thing` is the number as they typed it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="access_requests"
    )
    asked_at = models.DateTimeField(default=timezone.now, db_default=Now())
    thing = models.CharField(max_length=60)
    level = models.CharField(max_length=10, choices=Level)
    reason = models.CharField(max_length=300)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    was_granted = models.BooleanField(null=True)
    answer = models.CharField(max_length=300, blank=True, default="", db_default="")

    class Meta:
        constraints = [
            # Asking twice for the same makes no second row.
            models.UniqueConstraint(
                fields=["asked_by", "thing", "level"],
                condition=models.Q(decided_at=None),
                name="access_request_once_at_a_time",
            )
        ]
        indexes = [
            models.Index(fields=["asked_at"], name="access_request_open", condition=models.Q(decided_at=None))
        ]


class Recertification(models.Model):
    """A regular check of all grants that were in force when it was opened. Each is kept or removed."""

    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now, db_default=Now())
    due_at = models.DateTimeField()
    # When administrators were mailed about it last.
    reminded_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(closed_at=None),
                name="recertification_once_at_a_time",
            )
        ]


class Decision(models.TextChoices):
    OPEN = "", _("Open")
    KEEP = "keep", _("Keep")
    REMOVE = "remove", _("Remove")


class RecertifiedGrant(models.Model):
    """A grant in a recertification: when its holder last used the portal, and what was decided."""

    recertification = models.ForeignKey(Recertification, on_delete=models.PROTECT, related_name="grants")
    grant = models.ForeignKey("accounts.Grant", on_delete=models.PROTECT, related_name="+")
    last_used_at = models.DateTimeField(null=True)
    decision = models.CharField(max_length=10, choices=Decision, blank=True, default="", db_default="")
    reason = models.CharField(max_length=300, blank=True, default="", db_default="")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["recertification", "grant"], name="recertified_grant_once")
        ]
