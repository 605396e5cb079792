"""A coach's acts, for tests of coaching and training."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from recordings.audit import Actor
from recordings.models import AssignedViewing, Basis, Exemplar, Recording
from recordings.reviews.coaching.exemplars import Demand, Passport, add_exemplar
from recordings.reviews.coaching.quiz import Typed, build_quiz
from recordings.reviews.coaching.training import assign_viewing

SYSTEM = Actor.system("tests")
QUIZ = [
    Typed("What comes first?", "*The greeting\nThe price"),
    Typed("And then?", "Nothing\n* The identity check"),
]
RIGHT = {"answer.q1": ["a1"], "answer.q2": ["a2"]}
WRONG = {"answer.q1": ["a2"], "answer.q2": ["a2"]}


def actor(user: Any) -> Actor:
    return Actor(f"user:{user.pk}", "person", user.display_name, user.role_codes, session="0" * 32)


def add(coach: Any, recording: Recording, *, share: int = 50, quiz: bool = True, days: int = 30) -> Exemplar:
    """An exemplar from 1:00 to 2:40."""
    return add_exemplar(
        recording=recording,
        title="A good identity check",
        range_ms=(60_000, 160_000),
        passport=Passport(Basis.CONSENT, "Consent 4711", coach, timezone.now() + timedelta(days=days)),
        demand=Demand(share, build_quiz("Quiz", QUIZ)[1] if quiz else None, 100),
        by=actor(coach),
    )


def assign(exemplar: Exemplar, person: Any, coach: Any, *, days: int = 7) -> AssignedViewing:
    due_at = timezone.now() + timedelta(days=days)
    return assign_viewing(exemplar=exemplar, person=person, due_at=due_at, assigned_by=coach, by=actor(coach))
