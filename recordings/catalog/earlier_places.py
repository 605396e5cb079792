"""Where an object was during a time: its channel, agent and class, and the agent's team."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from recordings.models import CommBoxObject, EarlierPlace, PlacesSince, TeamMembership


@dataclass(frozen=True)
class Place:
    """What a scope judges of an object, from `since` until `until`, which is excluded."""

    stream_id: int
    agent_id: int | None
    team_id: int | None
    sensitivity: str
    since: datetime
    until: datetime


def known_since() -> datetime:
    """Return from when on places, classes and teams are recorded. For earlier times pages say so."""
    return PlacesSince.objects.values_list("since", flat=True).get()


def places_during(thing: CommBoxObject, since: datetime, until: datetime) -> list[Place]:
    """Return where an object was, oldest first, without gaps. Before `known_since` the first known place is used."""
    begins, places = since, []
    changes = EarlierPlace.objects.filter(object_id=thing.pk, until__gt=since).order_by("until", "pk")
    known: list[tuple[EarlierPlace | CommBoxObject, datetime]] = [(row, row.until) for row in changes]
    for place, changed_at in [*known, (thing, until)]:
        ends = min(changed_at, until)
        if begins < ends:
            places += [
                Place(place.stream_id, place.agent_id, team, place.sensitivity, start, end)
                for team, start, end in _teams(place.agent_id, begins, ends)
            ]
            begins = ends
    return places


def _teams(
    agent_id: int | None, since: datetime, until: datetime
) -> Iterator[tuple[int | None, datetime, datetime]]:
    """Yield the teams of an agent with their times, without gaps; None is no team."""
    first_known = known_since()
    memberships = TeamMembership.objects.filter(agent_id=agent_id or 0).filter(
        Q(until=None) | Q(until__gt=since)
    )
    for membership in memberships.order_by("since"):
        begins = since if membership.since <= first_known else max(membership.since, since)
        ends = min(membership.until or until, until)
        if begins >= ends:
            continue
        if since < begins:
            yield None, since, begins
        yield membership.team_id, begins, ends
        since = ends
    if since < until:
        yield None, since, until
