"""Which words the events of the trail show, as keyed hashes: what a search for words reads."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class TrailWords(models.Model):
    """One sealed event. `tokens` is None once a person of the event was erased, until it is indexed again."""

    event_no = models.BigIntegerField(primary_key=True)
    leaf = models.BigIntegerField(unique=True)
    tokens = ArrayField(models.BigIntegerField(), null=True)

    class Meta:
        indexes = [
            # Without a pending list: a search never pays for what was indexed just before.
            GinIndex(fields=["tokens"], name="trail_words", fastupdate=False),
            models.Index(fields=["leaf"], name="trail_words_to_redo", condition=models.Q(tokens=None)),
        ]
