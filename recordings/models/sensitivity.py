"""How sensitive the recordings of an object are. Grants can be limited to some classes."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.models.people import Team
from recordings.models.stream import Stream


class Sensitivity(models.TextChoices):
    """From the least to the most sensitive."""

    STANDARD = "standard", _("Standard")
    CONFIDENTIAL = "confidential", _("Confidential")
    RESTRICTED = "restricted", _("Restricted")


class _Dated(models.Model):
    """A class that somebody set, from a moment on until another one. It is ended, never changed or deleted."""

    sensitivity = models.CharField(max_length=16)
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        abstract = True

    @property
    def label(self) -> str:
        """Return the class in the reader's language."""
        return str(Sensitivity(self.sensitivity).label)


class ClassRule(_Dated):
    """The class of objects of a channel, a team or a type of recording; of all that it names together.

    A rule that names only a channel gives the channel its class. Every other rule goes before that, and of several the
    most sensitive.
    """

    stream = models.ForeignKey(
        Stream, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    team = models.ForeignKey(
        Team, null=True, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    recording_type = models.CharField(max_length=40, blank=True, default="")
    # When all objects had the class that follows from the rule's beginning or end; null while that is being computed.
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "team", "recording_type"],
                condition=models.Q(ended_at=None),
                nulls_distinct=False,
                name="class_rule_once_at_a_time",
            )
        ]


class ObjectClass(_Dated):
    """The class of one object, set by hand. It goes before every rule."""

    object_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_id"], condition=models.Q(ended_at=None), name="object_class_once_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["object_id", "-set_at"], name="object_class_history")]
