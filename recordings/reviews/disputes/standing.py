"""The state of submitted evaluations, derived from their scores, release, signatures and disputes."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    CharField,
    DateTimeField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import Greatest, Now
from django.utils.translation import gettext_lazy as _

from recordings.models import Dispute, EvaluationScore, EvaluationSignature
from recordings.reviews.queries import counted_evaluations

# The agent signs or disputes within this time after the release, the newest score and the last decision.
SIGN_WITHIN = timedelta(days=14)
# A dispute is decided within this time.
DECIDE_WITHIN = timedelta(days=14)
# Below this share, in percent, a score is marked as made after little was watched.
LITTLE = 50


class State(TextChoices):
    UNRELEASED = "unreleased", _("Not released")
    DISPUTED = "disputed", _("Disputed")
    SIGNED = "signed", _("Signed")
    WAITING = "waiting", _("Waiting for signature")
    OVERDUE = "overdue", _("Not signed in time")


TONES = {
    State.UNRELEASED: "",
    State.DISPUTED: "warn",
    State.SIGNED: "ok",
    State.WAITING: "info",
    State.OVERDUE: "bad",
}


def submitted() -> QuerySet[Any]:
    """Return the submitted evaluations outside calibrations with their standing.

    Annotated: `newest_id`, `newest_number`, `newest_score`, `newest_percent` and `newest_at` of the newest score,
    `released_at`, `has_open`, `oldest_open_at`, `is_signed`, `due_at` (to sign or dispute; without meaning before the
    release) and `state`.
    """
    scores = EvaluationScore.objects.filter(evaluation=OuterRef("pk")).order_by("-number")
    disputes = Dispute.objects.filter(evaluation=OuterRef("pk"))
    open_ones, decided = disputes.filter(decided_at=None), disputes.exclude(decided_at=None)
    rows = counted_evaluations().annotate(
        newest_id=Subquery(scores.values("pk")[:1]),
        newest_number=Subquery(scores.values("number")[:1]),
        newest_score=Subquery(scores.values("result__score")[:1]),
        newest_percent=Subquery(scores.values("watched_percent")[:1]),
        newest_at=Subquery(scores.values("scored_at")[:1]),
        released_at=F("release__released_at"),
        has_open=Exists(open_ones),
        oldest_open_at=Subquery(open_ones.order_by("opened_at").values("opened_at")[:1]),
        last_decided_at=Subquery(decided.order_by("-decided_at").values("decided_at")[:1]),
    )
    rows = rows.annotate(
        is_signed=Exists(EvaluationSignature.objects.filter(score=OuterRef("newest_id"))),
        # PostgreSQL's greatest() passes over NULL.
        due_at=ExpressionWrapper(
            Greatest("released_at", "newest_at", "last_decided_at") + Value(SIGN_WITHIN),
            output_field=DateTimeField(),
        ),
    )
    return rows.annotate(
        state=Case(
            When(released_at=None, then=Value(State.UNRELEASED.value)),
            When(has_open=True, then=Value(State.DISPUTED.value)),
            When(is_signed=True, then=Value(State.SIGNED.value)),
            When(due_at__lt=Now(), then=Value(State.OVERDUE.value)),
            default=Value(State.WAITING.value),
            output_field=CharField(),
        )
    )


def in_state(state: State) -> Q:
    """Return the condition on counted evaluations to be in this state, the one that `submitted` derives of a row.

    It names the few rows that differ instead of deriving the state of each of 100,000 evaluations.
    """
    released = Q(release__isnull=False)
    disputed = Q(pk__in=Dispute.objects.filter(decided_at=None).values("evaluation"))
    newer = EvaluationScore.objects.filter(
        evaluation=OuterRef("score__evaluation"), number__gt=OuterRef("score__number")
    )
    signed = Exists(EvaluationSignature.objects.filter(~Exists(newer), score__evaluation=OuterRef("pk")))
    since = Now() - SIGN_WITHIN
    lately = (
        Q(release__released_at__gte=since)
        | Q(pk__in=EvaluationScore.objects.filter(scored_at__gte=since).values("evaluation"))
        | Q(pk__in=Dispute.objects.filter(decided_at__gte=since).values("evaluation"))
    )
    return {
        State.UNRELEASED: ~released,
        State.DISPUTED: released & disputed,
        State.SIGNED: released & ~disputed & Q(signed),
        State.WAITING: released & ~disputed & ~Q(signed) & lately,
        State.OVERDUE: released & ~disputed & ~Q(signed) & ~lately,
    }[state]


def find(pk: UUID) -> Any:
    """Return a submitted evaluation with its standing, recording and people; None when there is none."""
    rows = submitted().select_related(
        "version", "scorer", "recording__object__agent", "recording__object__stream"
    )
    return rows.filter(pk=pk).first()


def decide_until(opened_at: datetime) -> datetime:
    """Return the deadline of a dispute."""
    return opened_at + DECIDE_WITHIN
