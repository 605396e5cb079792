"""Streams, CommBox's channels. CommBox has no list of them, so they are discovered or configured by id."""

from django.db import models


class Stream(models.Model):
    id = models.BigIntegerField(primary_key=True)
    name = models.TextField(blank=True)
    module_id = models.IntegerField(null=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)

    # Discovery of objects: until when changes were read, and the last error.
    listed_until = models.DateTimeField(null=True)
    listed_at = models.DateTimeField(null=True)
    list_due_at = models.DateTimeField(null=True, db_index=True)
    list_leased_until = models.DateTimeField(null=True)
    list_error = models.TextField(blank=True)
    list_error_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name or f"channel {self.id}"
