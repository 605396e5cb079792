"""A scorecard and its versions. A version that was activated never changes: scores refer to it by its hash."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from recordings.models.fields import uuid7


class ScorecardState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class Scorecard(models.Model):
    """What the versions of one scorecard have in common."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")


class ScorecardVersion(models.Model):
    """A version: a draft that may be edited, then active, then retired. The database refuses every other change."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    scorecard = models.ForeignKey(Scorecard, on_delete=models.PROTECT, related_name="versions")
    number = models.IntegerField()
    state = models.CharField(max_length=8, choices=ScorecardState, default=ScorecardState.DRAFT)
    document = models.BinaryField(help_text="the form, canonical JSON (RFC 8785)")
    hash = models.CharField(max_length=71, help_text="sha256: and the hash of the document")
    title = models.JSONField(help_text="the form's title, for lists")
    questions = models.IntegerField(help_text="how many the form has, for lists")
    changed_at = models.DateTimeField()
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    activated_at = models.DateTimeField(null=True)
    activated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scorecard", "number"], name="scorecard_version_once"),
            models.UniqueConstraint(
                fields=["scorecard"], condition=Q(state="draft"), name="scorecard_one_draft"
            ),
            models.UniqueConstraint(
                fields=["scorecard"], condition=Q(state="active"), name="scorecard_one_active"
            ),
        ]

    @property
    def state_label(self) -> str:
        return str(ScorecardState(self.state).label)

    @property
    def tone(self) -> str:
        return {"draft": "info", "active": "ok"}.get(self.state, "warn")
