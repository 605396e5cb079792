"""Who evaluates what was drawn: what each scorer may take, and how picks are shared out within their loads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth import get_user_model

from recordings import policies
from recordings.models import SamplingPlan
from recordings.permissions import Permission
from recordings.reach import NOTHING, Placed, Reach


class Place(NamedTuple):
    """Where a recording's object is: what scopes judge."""

    stream_id: int
    agent_id: int | None
    sensitivity: str


@dataclass(frozen=True)
class Scorer:
    """A person who evaluates: how many assignments of a period at most, what they reach, and whose calls are theirs."""

    pk: int
    name: str
    load: int
    is_active: bool = True
    reach: Reach = NOTHING
    own_agents: frozenset[int] = field(default_factory=frozenset)

    def may_take(self, place: Placed) -> bool:
        """Whether the person may evaluate a recording of this object."""
        return self.is_active and self.reach.includes(place) and place.agent_id not in self.own_agents

    @classmethod
    def of(cls, person: Any, load: int) -> "Scorer":
        """Read what a person may evaluate now."""
        reach = policies.reach(person, Permission.EVALUATE)
        return cls(person.pk, person.display_name, load, person.is_active, reach, person.own_agent_ids)


def scorers_of(plan: SamplingPlan) -> list[Scorer]:
    """Return the scorers of a plan by id, also those who may not evaluate any more or take nothing new."""
    loads = {int(pk): load for pk, load in plan.scorers.items()}
    people = get_user_model().objects.filter(pk__in=loads).order_by("pk")
    return [Scorer.of(person, loads[person.pk]) for person in people]


def share(
    picks: Sequence[tuple[UUID, Place]], scorers: Iterable[Scorer], taken: Mapping[int, int]
) -> dict[UUID, int]:
    """Share picks among scorers within their loads: by pick, the scorer's id. What nobody can take is left out.

    `taken`: how many of the period each scorer has. A pick goes to the scorer whose load is filled least; picks that
    few can take go first. The same values always give the same result.
    """
    given = dict(taken)
    able = {
        pick: [scorer for scorer in scorers if scorer.load > 0 and scorer.may_take(place)]
        for pick, place in picks
    }
    shared: dict[UUID, int] = {}
    for pick in sorted(able, key=lambda pick: len(able[pick])):
        free = [scorer for scorer in able[pick] if given.get(scorer.pk, 0) < scorer.load]
        if free:
            least = min(
                free, key=lambda scorer: (Fraction(given.get(scorer.pk, 0) + 1, scorer.load), scorer.pk)
            )
            shared[pick] = least.pk
            given[least.pk] = given.get(least.pk, 0) + 1
    return shared
