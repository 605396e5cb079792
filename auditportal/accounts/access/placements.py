"""Channel, agent, team and sensitivity class of a recording's object, now and on earlier days."""

from dataclasses import dataclass
from datetime import datetime

from auditportal.accounts.access.who import Period, Placement
from recordings.catalog.earlier_places import known_since, places_during
from recordings.models import Recording


@dataclass(frozen=True)
class Placements:
    """What is known of a period.

    `missing_before`: earlier times were not recorded, and the first known place is used for them; None where all of it
    was recorded. `known` is empty for a period before the portal knew the recording.
    """

    known: tuple[Placement, ...]
    missing_before: datetime | None


def placements_of(recording: Recording, since: datetime, until: datetime) -> Placements:
    """Return where the object of a recording was during a period, from when the portal knew the recording."""
    since = max(since, recording.first_seen_at)
    if since >= until:
        return Placements((), None)
    known = tuple(
        Placement(
            place.stream_id,
            place.agent_id,
            place.team_id,
            place.sensitivity,
            Period(place.since, place.until),
        )
        for place in places_during(recording.object, since, until)
    )
    recorded_since = known_since()
    return Placements(known, recorded_since if since < recorded_since else None)
