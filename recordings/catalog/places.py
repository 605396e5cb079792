"""The channels and agents of objects in a person's reach: what their lists can be filtered by."""

from typing import NamedTuple

from django.db import connection

from recordings.db import fetch_all
from recordings.reach import Reach
from recordings.timed import TimedValue

# Jumps from each place to the next one in the index, so its cost is that of the places and not of their objects.
_PLACES = """
WITH RECURSIVE place (stream_id, agent_id, sensitivity) AS (
    (SELECT stream_id, coalesce(agent_id, -1), sensitivity FROM recordings_commboxobject ORDER BY 1, 2, 3 LIMIT 1)
  UNION ALL
    SELECT later.* FROM place CROSS JOIN LATERAL (
        SELECT stream_id, coalesce(agent_id, -1), sensitivity FROM recordings_commboxobject
        WHERE (stream_id, coalesce(agent_id, -1), sensitivity) > (place.stream_id, place.agent_id, place.sensitivity)
        ORDER BY 1, 2, 3 LIMIT 1) later)
SELECT stream_id, nullif(agent_id, -1), sensitivity FROM place
"""


class Place(NamedTuple):
    """Where objects are, as scopes see it."""

    stream_id: int
    agent_id: int | None
    sensitivity: str


_places = TimedValue[list[Place]](60.0)


def agents_and_streams_in(reach: Reach) -> tuple[set[int], set[int]]:
    """Return the ids of the agents and of the channels that have an object in reach, at most a minute old."""
    places = _places.get()
    if places is None:
        places = _places.set([Place(*row) for row in fetch_all(connection, _PLACES)])
    found = [place for place in places if reach.includes(place)]
    return {place.agent_id for place in found if place.agent_id is not None}, {
        place.stream_id for place in found
    }
