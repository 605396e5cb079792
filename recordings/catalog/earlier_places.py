"""Where an object was on a past day: its channel, agent and class, and who was in a team then."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Q

from recordings.models import CommBoxObject, EarlierPlace, PlacesSince, TeamMembership


@dataclass(frozen=True)
class PastPlace:
    """What a scope judges of an object, as it was at a moment."""

    stream_id: int
    agent_id: int | None
    sensitivity: str


def known_since() -> datetime:
    """Return from when on places, classes and teams are recorded. For earlier days pages say so."""
    return PlacesSince.objects.values_list("since", flat=True).get()


def placed_on(object_id: int, day: date) -> PastPlace | None:
    """Return where the object was at the end of a day in UTC; now, for today and later days.

    None for a day before `known_since`, before the portal knew the object, or without such an object.
    """
    return placed_at(object_id, datetime.combine(day + timedelta(days=1), time.min, UTC))


def placed_at(object_id: int, moment: datetime) -> PastPlace | None:
    """Return where the object was just before a moment; None as for `placed_on`."""
    now = CommBoxObject.objects.filter(pk=object_id).only(
        "stream_id", "agent_id", "sensitivity", "first_seen_at"
    )
    thing = now.first()
    if thing is None or moment <= max(thing.first_seen_at, known_since()):
        return None
    # The first change at or after the moment holds what was until then.
    later = EarlierPlace.objects.filter(object_id=object_id, until__gte=moment).order_by("until", "pk")
    place = later.first() or thing
    return PastPlace(place.stream_id, place.agent_id, place.sensitivity)


def teams_of_agents_on(teams: Collection[int], day: date) -> dict[int, int]:
    """Return the team of each agent who was in one of these teams at the end of a day in UTC."""
    moment = datetime.combine(day + timedelta(days=1), time.min, UTC)
    of_day = TeamMembership.objects.filter(team_id__in=teams, since__lt=moment)
    return dict(of_day.filter(Q(until=None) | Q(until__gte=moment)).values_list("agent_id", "team_id"))
