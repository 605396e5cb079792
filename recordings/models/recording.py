"""A recording: one type-27 activity of an object. What CommBox once reported stays, marked, when it vanishes."""

from datetime import datetime

from django.db import models
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.models.commbox_object import CommBoxObject
from recordings.models.fields import uuid7


class RecordingState(models.TextChoices):
    """What a person sees of a recording, in a word each."""

    PLAYABLE = "playable", _("Playable")
    CHANGED = "changed_at_source", _("Changed at source")
    VANISHED = "vanished_at_source", _("Missing at source")
    FILE_MISSING = "file_missing", _("File missing")
    STORAGE_REFUSED = "storage_refused", _("Refused by storage")
    NOT_PLAYABLE = "not_playable", _("Not playable")


_BADGES = {"unchanged": _("Unchanged"), "differs": _("Different"), "cannot_tell": _("Not verified")}


class Recording(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    object = models.ForeignKey(CommBoxObject, on_delete=models.PROTECT, related_name="recordings")
    fingerprint = models.CharField(max_length=64, unique=True)
    upstream_activity_id = models.TextField(blank=True)
    recording_type = models.TextField(blank=True)
    url = models.TextField(blank=True, help_text="without its query: a signature never rests here")
    url_kind = models.CharField(max_length=10)
    duration_seconds = models.BigIntegerField(null=True)
    file_size_bytes = models.BigIntegerField(null=True)
    recorded_at = models.DateTimeField(null=True)
    activity_created_at = models.DateTimeField(null=True)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.TextField(blank=True)
    flags = models.JSONField(default=list)
    raw = models.JSONField(default=dict)

    state = models.CharField(max_length=24, default=RecordingState.PLAYABLE)
    state_reason = models.TextField(blank=True)
    state_at = models.DateTimeField(auto_now_add=True)
    first_seen_at = models.DateTimeField(auto_now_add=True)
    confirmed_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField(null=True)
    # Left out of an answer, not yet marked: the first time it was noticed.
    missed_at = models.DateTimeField(null=True)
    vanished_at = models.DateTimeField(null=True)
    # The file itself: whether it is the one first seen (FileBadge), in a sentence, and when somebody last looked.
    file_badge = models.CharField(max_length=12, blank=True, default="", db_default="")
    file_judged = models.TextField(blank=True, default="", db_default="")
    file_seen_at = models.DateTimeField(null=True)
    # When custody looks at the file next; None when nothing is to be found out.
    file_due_at = models.DateTimeField(null=True, default=timezone.now, db_default=Now())
    # A plus sign in the URL's path stands for a blank in the file's name.
    plus_is_blank = models.BooleanField(default=False, db_default=False)
    # What the newest-first lists walk: the recorded time, or the first sight of it where CommBox gave none.
    shown_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["-shown_at", "-id"], name="recording_newest"),
            models.Index(fields=["object", "shown_at"], name="recording_of_object"),
            models.Index(
                fields=["missed_at"],
                name="recording_missed",
                condition=models.Q(missed_at__isnull=False),
            ),
            models.Index(
                fields=["-file_due_at"],
                name="recording_file_due",
                condition=models.Q(file_due_at__isnull=False),
            ),
            models.Index(fields=["-first_seen_at"], name="recording_flagged", condition=~models.Q(flags=[])),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @property
    def state_label(self) -> str:
        return str(RecordingState(self.state).label)

    @property
    def is_unchecked(self) -> bool:
        """Whether nothing speaks against playing it, but storage was never asked for the file."""
        return self.state == RecordingState.PLAYABLE and not self.file_badge

    @property
    def file_badge_label(self) -> str:
        return str(_BADGES.get(self.file_badge, ""))

    @property
    def as_of(self) -> datetime | None:
        """When CommBox last reported it: while it stands, each refresh of its object confirms it without a write."""
        return self.confirmed_at if self.vanished_at else self.object.refreshed_at or self.confirmed_at

    @property
    def may_be_tried(self) -> bool:
        """Everything may be tried but what names no place we may fetch from; a vanished file may still exist."""
        return self.state != RecordingState.NOT_PLAYABLE
