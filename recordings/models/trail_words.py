"""The words that events show, as keyed hashes, for the trail's search."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class TrailWords(models.Model):
    """A sealed event. `tokens` is None after the erasure of a subject of the event, until it is indexed again."""

    event_no = models.BigIntegerField(primary_key=True)
    leaf = models.BigIntegerField(unique=True)
    tokens = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        indexes = [
            # Without a pending list, so that searches never scan rows that were just written.
            GinIndex(fields=["tokens"], name="trail_words", fastupdate=False),
            models.Index(fields=["leaf"], name="trail_words_to_redo", condition=models.Q(tokens=None)),
        ]
