"""Who is to be reminded of which evaluation: to sign it, or to decide its dispute.

Each deadline is mailed at most twice to a person: when it begins, and shortly before it ends. What was mailed is a row.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language

from recordings.audit import Actor, Kind, Target, record
from recordings.models import EvaluationReminder
from recordings.permissions import Permission
from recordings.reviews.disputes import rights
from recordings.reviews.disputes.decisions import open_disputes
from recordings.reviews.disputes.results import ResultRow, shown
from recordings.reviews.disputes.rights import Reader
from recordings.reviews.disputes.standing import State, submitted

BY = Actor.system("reviews")
ENDING = timedelta(days=3)


@dataclass(frozen=True)
class Item:
    """An evaluation about which a person is reminded. `stage` is `new` or `ending`."""

    row: Any
    stage: str
    due_at: datetime
    to_decide: bool

    @property
    def until(self) -> str:
        """The deadline in UTC: a mail does not know the reader's zone."""
        return f"{self.due_at.astimezone(UTC):%Y-%m-%d %H:%M}"

    @property
    def shown(self) -> ResultRow:
        """The evaluation in the language of the mail."""
        return shown(self.row, get_language() or "en")


@dataclass
class Due:
    """What a person is reminded of in one mail."""

    person: Any
    items: list[Item] = field(default_factory=list)


def due_now() -> Iterator[Due]:
    """Yield each active person with an evaluation to sign or a dispute to decide that was not mailed yet."""
    now, of = timezone.now(), dict[int, Due]()
    rows = submitted().filter(state__in=[State.WAITING, State.DISPUTED])
    rows = rows.select_related("version", "scorer", "recording__object__agent").order_by("submitted_at", "pk")
    deciders, signers = _holders(Permission.DECIDE_DISPUTES), _holders(Permission.SIGN_FOR_AGENTS)
    for row in rows.defer("typed", "replaced", "recording__raw", "recording__object__raw"):
        to_decide = row.state == State.DISPUTED
        people = _deciders_of(row, deciders) if to_decide else _signers_of(row, signers)
        due_at = shown(row, "en").due_at
        stage = "ending" if due_at - now < ENDING else "new"
        mailed = set(_mailed(row, stage, due_at)) if people else set()
        for person in people:
            if due_at > now and person.pk not in mailed:
                due = of.setdefault(person.pk, Due(person))
                due.items.append(Item(row, stage, due_at, to_decide))
    yield from of.values()


@transaction.atomic
def record_reminded(due: Due) -> None:
    """Record that the mail was sent: a row for each evaluation, and one event."""
    EvaluationReminder.objects.bulk_create(
        [
            EvaluationReminder(
                person=due.person,
                evaluation_id=item.row.pk,
                stage=item.stage,
                due_at=item.due_at,
                sent_at=timezone.now(),
            )
            for item in due.items
        ],
        ignore_conflicts=True,
    )
    detail = {"evaluations": len(due.items)}
    record(Kind.EVALUATION_REMINDED, by=BY, target=Target.of(due.person), detail=detail)


def _holders(permission: Permission) -> list[Reader]:
    people: Any = get_user_model().objects
    return [Reader.of(person) for person in people.holding(permission).order_by("pk")]


def _deciders_of(row: Any, deciders: list[Reader]) -> list[Any]:
    disputes = open_disputes(row)
    return [one.user for one in deciders if rights.against_decision(one, row, disputes) is None]


def _signers_of(row: Any, signers: list[Reader]) -> list[Any]:
    """Return the agent's account; without an active one the supervisors of the agent's team."""
    agent_id = row.recording.object.agent_id
    linked = get_user_model().objects.filter(
        is_active=True, agent_links__agent_id=agent_id, agent_links__ended_at=None
    )
    agents = [Reader.of(person) for person in linked]
    if found := [one.user for one in agents if rights.against_signature(one, row) is None]:
        return found
    return [
        one.user
        for one in signers
        if one.user.supervises(agent_id) and rights.against_signature(one, row) is None
    ]


def _mailed(row: Any, stage: str, due_at: datetime) -> list[int]:
    rows = EvaluationReminder.objects.filter(evaluation_id=row.pk, stage=stage, due_at=due_at)
    return list(rows.values_list("person_id", flat=True))
