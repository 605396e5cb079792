"""Supervision by compliance officers: the queue, what was decided about each item, and spot checks of closed items.

Rows are only ever added, so the state of an item is that of its newest disposition.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from recordings.models.fields import SpansField, uuid7
from recordings.models.recording import Recording


class ItemSource(models.TextChoices):
    """How a recording came into the queue."""

    PLAN = "plan", _("Sampling plan")
    HAND = "hand", _("Added by hand")


class Disposition(models.TextChoices):
    """What a supervisor decided about an item."""

    NO_CONCERN = "no_concern", _("No concern")
    QUESTIONED = "questioned", _("Questioned")
    ESCALATED = "escalated", _("Escalated")
    VIOLATION = "violation", pgettext_lazy("disposition", "Violation")
    CLOSED = "closed", pgettext_lazy("disposition", "Closed")


# With these an item leaves the queue.
DONE = (Disposition.NO_CONCERN, Disposition.CLOSED)


class DispositionReason(models.TextChoices):
    """Why. Stored codes stay as they are; `FITS` in reviews/supervision says which disposition has which."""

    NOTHING_FOUND = "nothing_found", _("Nothing found")
    NOT_RELEVANT = "not_relevant", _("Not relevant for supervision")
    UNCLEAR = "unclear", _("Statement unclear")
    INCOMPLETE = "incomplete", _("Recording incomplete or not playable")
    IDENTITY = "identity", _("Identity not verified")
    DISCLOSURE = "disclosure", _("Disclosure missing")
    MISLEADING = "misleading", _("Misleading statement")
    UNSUITABLE = "unsuitable", _("Unsuitable advice")
    PRIVACY = "privacy", _("Personal data disclosed")
    CONDUCT = "conduct", _("Conduct towards the customer")
    AUTHORITY = "authority", _("Beyond my authority")
    CONFLICT = "conflict", _("Conflict of interest")
    RESOLVED = "resolved", _("Resolved with the agent")
    REPORTED = "reported", _("Reported to the authority in charge")
    NO_ACTION = "no_action", _("No action needed")
    CHECK_DISAGREED = "check_disagreed", _("Spot check disagreed")
    OTHER = "other", _("Other reason, see the note")


class SupervisionItem(models.Model):
    """A recording in the queue. Its reason to be there is a plan's draw or a person."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="supervision_items")
    source = models.CharField(max_length=10, choices=ItemSource)
    source_ref = models.CharField(max_length=100, blank=True, help_text="such as plan:<id>")
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="empty: the portal",
    )
    due_at = models.DateTimeField(help_text="until then somebody decides for the first time")
    event_id = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["due_at", "id"], name="supervision_by_deadline")]


class SupervisionDisposition(models.Model):
    """A decision about an item. The note is a personal value of the event.

    `holder`: who decides next; empty: everybody who may supervise the recording.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    item = models.ForeignKey(SupervisionItem, on_delete=models.PROTECT, related_name="dispositions")
    number = models.IntegerField()
    disposed_at = models.DateTimeField(default=timezone.now)
    disposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="dispositions"
    )
    disposition = models.CharField(max_length=12, choices=Disposition)
    reason = models.CharField(max_length=20, choices=DispositionReason)
    from_ms = models.BigIntegerField(null=True)
    to_ms = models.BigIntegerField(null=True)
    level = models.IntegerField(default=0, help_text="how often it was escalated until then")
    holder = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    due_at = models.DateTimeField(
        null=True, help_text="of the next decision; none when the item left the queue"
    )
    watched = SpansField(help_text="what the supervisor had watched of the recording")
    watched_percent = models.IntegerField(null=True, help_text="of the reported length; none when unknown")
    event_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="disposition_number_once")]


class SpotDraw(models.Model):
    """A draw of closed items for a second supervisor (docs/sampling.md). The population is frozen before the seed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    frozen_at = models.DateTimeField(default=timezone.now)
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    since = models.DateField()
    until = models.DateField()
    draw_number = models.IntegerField(help_text="of this period: 1 for the first draw")
    share = models.IntegerField(help_text="in percent")
    size = models.IntegerField(help_text="how many are drawn")
    population = models.BinaryField()
    population_sha256 = models.CharField(max_length=64)
    population_size = models.IntegerField()
    event_id = models.UUIDField()
    # Written once, when the checkpoint is there.
    drawn_at = models.DateTimeField(null=True)
    checkpoint_size = models.BigIntegerField(null=True)
    lines = models.BinaryField(null=True)


class SpotCheck(models.Model):
    """A closed item that was drawn for a second supervisor."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    draw = models.ForeignKey(SpotDraw, on_delete=models.PROTECT, related_name="checks")
    item = models.ForeignKey(SupervisionItem, on_delete=models.PROTECT, related_name="checks")
    disposition = models.OneToOneField(
        SupervisionDisposition,
        on_delete=models.PROTECT,
        related_name="spot_check",
        help_text="the one checked",
    )


class SpotVerdict(models.Model):
    """What the second supervisor found. The note is a personal value of the event."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    spot_check = models.OneToOneField(SpotCheck, on_delete=models.PROTECT, related_name="verdict")
    checked_at = models.DateTimeField(default=timezone.now)
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    agrees = models.BooleanField()
    from_ms = models.BigIntegerField(null=True)
    to_ms = models.BigIntegerField(null=True)
    watched = SpansField()
    watched_percent = models.IntegerField(null=True)
    event_id = models.UUIDField()
