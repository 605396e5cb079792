"""People who sign in through the identity provider."""

from django.db import models
from django.utils import timezone

from auditportal.accounts.models import User


class Identity(models.Model):
    """A person who signs in through the identity provider, and has no password here.

    The identity is issuer and subject (OpenID Connect Core 5.7), never a mail address. Both are empty until the
    person's first sign-in.
    """

    user = models.OneToOneField(User, on_delete=models.PROTECT, primary_key=True, related_name="identity")
    issuer = models.CharField(max_length=255, blank=True, default="")
    subject = models.CharField(max_length=255, blank=True, default="")
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)
    linked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "subject"], condition=~models.Q(subject=""), name="identity_of_one_person"
            )
        ]
