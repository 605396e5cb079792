"""A CommBox API key that a person added: encrypted, and never shown again except its last four characters."""

from django.conf import settings
from django.db import models


class ApiKey(models.Model):
    """The newest key is the primary one. The key before it is used while CommBox still accepts both (30 days)."""

    sealed = models.BinaryField()
    key_id = models.CharField(max_length=16, help_text="which of our keys encrypted it")
    last_four = models.CharField(max_length=4)
    expires_at = models.DateTimeField(null=True, help_text="by the key's own word")
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    retired_at = models.DateTimeField(null=True)
