"""A viewing: one person's session with one recording, and the seconds that were played."""

from django.conf import settings
from django.db import models
from django.db.models.expressions import RawSQL
from django.utils import timezone

from recordings.models.fields import SpansField, uuid7
from recordings.models.recording import Recording


class Viewing(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="viewings")
    viewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="viewings")
    purpose = models.CharField(max_length=20)
    note = models.TextField(blank=True)
    session_ref = models.CharField(max_length=32, help_text="keyed hash of the session it belongs to")
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    url_issued_at = models.DateTimeField(
        null=True, help_text="the newest attempt: the next one waits a little"
    )
    url_expires_at = models.DateTimeField(null=True)
    checked_at = models.DateTimeField(null=True, help_text="when storage was last asked what is wrong")
    renewals = models.IntegerField(default=0)
    watched = SpansField(default=list)
    untold = SpansField(
        default=list,
        db_default=RawSQL("'{}'::int8multirange", ()),
        help_text="those of the watched spans that no event tells yet",
    )
    watched_at = models.DateTimeField(null=True, help_text="when the player last reported")
    watch_credit_ms = models.BigIntegerField(
        default=0, db_default=0, help_text="what could have been played until then and was not reported"
    )

    class Meta:
        indexes = [
            models.Index(fields=["recording", "viewer"], name="viewing_of_recording"),
            models.Index(fields=["session_ref"], name="viewing_open", condition=models.Q(ended_at=None)),
        ]

    @property
    def short_id(self) -> str:
        """Return the id on the watermark: enough to find the viewing, short enough to read from a photograph."""
        return f"v-{self.id.hex[-8:]}".upper()
