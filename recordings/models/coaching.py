"""Coaching sessions, the library of exemplars, and assigned viewing. Goals, notes and comments are in the events.

The database lets each column be filled once and never changed.
"""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from recordings.models.dispute import Dispute
from recordings.models.evaluation import Evaluation
from recordings.models.fields import SpansField, uuid7
from recordings.models.recording import Recording

_PERSON = settings.AUTH_USER_MODEL


class CoachingSession(models.Model):
    """What a coach collected for one person. `event_id` is the event with the goals and the notes."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    person = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="coaching_sessions")
    coach = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(help_text="the end of the last day")
    event_id = models.UUIDField()
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_event = models.UUIDField(null=True, help_text="the event with the person's comment")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")
    reminded_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person", "-opened_at"], name="coaching_of_person")]

    @property
    def state(self) -> str:
        """`closed`, `acknowledged`, `overdue` or `open`."""
        if self.closed_at:
            return "closed"
        if self.acknowledged_at:
            return "acknowledged"
        return "overdue" if self.due_at <= timezone.now() else "open"


class CoachingItem(models.Model):
    """A submitted evaluation, or a second or range of a recording. Its note is in the event of the session."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session = models.ForeignKey(CoachingSession, on_delete=models.PROTECT, related_name="items")
    position = models.IntegerField()
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="+")
    evaluation = models.ForeignKey(Evaluation, null=True, on_delete=models.PROTECT, related_name="+")
    from_ms = models.BigIntegerField(null=True)
    to_ms = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "position"], name="coaching_item_once"),
            models.CheckConstraint(
                condition=Q(evaluation=None, from_ms__isnull=False, to_ms__gte=models.F("from_ms"))
                | Q(evaluation__isnull=False, from_ms=None, to_ms=None),
                name="coaching_item_is_one",
            ),
        ]


class Basis(models.TextChoices):
    """Why a recording may be used for training."""

    CONSENT = "consent", _("Consent of the customer")
    CONTRACT = "contract", _("Agreement with the customer")
    INTEREST = "interest", _("Legitimate interest, assessed")
    STAGED = "staged", _("Staged: no real customer")


class Withdrawal(models.TextChoices):
    """Why an exemplar is in the library no longer."""

    DISPUTE = "dispute", _("An evaluation of the recording is disputed.")
    EXPIRED = "expired", _("The passport has expired.")
    ERASED = "erased", _("Personal values of the customer or the agent were erased.")
    MISSING = "missing", _("The recording is missing at its source.")
    BY_HAND = "by_hand", _("A coach withdrew it.")


def _disputes_of(recording: Any) -> models.QuerySet[Dispute]:
    """Return the open disputes about evaluations of a recording."""
    return Dispute.objects.filter(evaluation__recording=recording, decided_at=None)


class ExemplarQuerySet(models.QuerySet["Exemplar"]):
    def in_use(self) -> Self:
        """Return those that can be played and assigned now."""
        return self.filter(
            ~Exists(_disputes_of(OuterRef("recording"))),
            withdrawn_at=None,
            expires_at__gt=timezone.now(),
            recording__vanished_at=None,
        )

    def with_state(self) -> Self:
        """Read what their state is derived from with them."""
        disputed = Exists(_disputes_of(OuterRef("recording")))
        return self.select_related("recording__object").annotate(is_disputed=disputed)


class Exemplar(models.Model):
    """A range of a recording, often the whole, that people learn from, with its passport and its quiz.

    The passport is never changed: a new one is a new exemplar.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="exemplars")
    title = models.CharField(max_length=120)
    from_ms = models.BigIntegerField()
    to_ms = models.BigIntegerField()
    basis = models.CharField(max_length=12, choices=Basis)
    owner = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    share_needed = models.IntegerField(help_text="of the range, in per cent")
    quiz = models.BinaryField(null=True, help_text="a form in canonical JSON; none: watching is enough")
    quiz_hash = models.CharField(max_length=71, blank=True, default="")
    pass_percent = models.IntegerField(null=True)
    event_id = models.UUIDField(help_text="the event with the text of the basis")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_why = models.CharField(max_length=8, null=True, choices=Withdrawal)  # noqa: DJ001 (filled once)
    withdrawn_by = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")

    objects = ExemplarQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(from_ms__gte=0, to_ms__gt=models.F("from_ms")), name="exemplar_range"
            )
        ]

    @property
    def why_not(self) -> str:
        """Say why it cannot be played or assigned now; empty when it can."""
        if self.withdrawn_why:
            return str(Withdrawal(self.withdrawn_why).label)
        why = self.to_withdraw
        return str(why.label) if why else ""

    @property
    def to_withdraw(self) -> Withdrawal | None:
        """Why it must be withdrawn, as far as rows say it; None when they don't."""
        if self.expires_at <= timezone.now():
            return Withdrawal.EXPIRED
        if self.recording.vanished_at:
            return Withdrawal.MISSING
        disputed = getattr(self, "is_disputed", None)  # of `with_state`
        if disputed is None:
            disputed = _disputes_of(self.recording).exists()
        return Withdrawal.DISPUTE if disputed else None


class AssignedViewingQuerySet(models.QuerySet["AssignedViewing"]):
    def open(self, at: datetime | None = None) -> Self:
        """Return those that are not cancelled, and not completed: now, or at a moment before."""
        passed = ViewingAttempt.objects.filter(assignment=OuterRef("pk"), is_passed=True)
        if at is not None:
            passed = passed.filter(at__lte=at)
        return self.filter(~Exists(passed), cancelled_at=None)

    def allowing(self, person_id: int, recording_id: UUID, begun_at: datetime | None = None) -> Self:
        """Return what allows this person to play this recording now: open, of an exemplar that is in use.

        With `begun_at`, when a viewing began, also what was completed since: that viewing may continue to its end.
        """
        in_use = Exemplar.objects.in_use().filter(recording_id=recording_id)
        return self.open(begun_at).filter(person_id=person_id, person__is_active=True, exemplar__in=in_use)


class AssignedViewing(models.Model):
    """An exemplar that a person is to watch. While it is open, the person may play the exemplar's recording."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    exemplar = models.ForeignKey(Exemplar, on_delete=models.PROTECT, related_name="assignments")
    person = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="assigned_viewings")
    assigned_by = models.ForeignKey(_PERSON, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(help_text="the end of the last day")
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey(_PERSON, null=True, on_delete=models.PROTECT, related_name="+")
    reminded_at = models.DateTimeField(null=True)

    objects = AssignedViewingQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["person", "-assigned_at"], name="assigned_viewing_of_person")]

    @property
    def done_at(self) -> datetime | None:
        """When it was completed; None while it is not."""
        passed = (attempt.at for attempt in self.attempts.all() if attempt.is_passed)
        return min(passed, default=None)

    @property
    def state(self) -> str:
        """`done`, `cancelled`, `withdrawn` (with its exemplar), `overdue` or `open`."""
        if self.done_at:
            return "done"
        if self.cancelled_at:
            return "cancelled"
        if self.exemplar.why_not:
            return "withdrawn"
        return "overdue" if self.due_at <= timezone.now() else "open"


class ViewingAttempt(models.Model):
    """An attempt to complete an assigned viewing: what had been watched, and the answers to the quiz."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    assignment = models.ForeignKey(AssignedViewing, on_delete=models.PROTECT, related_name="attempts")
    number = models.IntegerField()
    at = models.DateTimeField(default=timezone.now)
    watched = SpansField(help_text="of the exemplar's range")
    watched_percent = models.IntegerField(help_text="of the range")
    answers = models.BinaryField(null=True, help_text="an auditportal-answers/1 file; none without a quiz")
    score = models.CharField(max_length=6, blank=True, help_text="in per cent; empty without a quiz")
    is_passed = models.BooleanField()
    event_id = models.UUIDField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assignment", "number"], name="viewing_attempt_once")]
