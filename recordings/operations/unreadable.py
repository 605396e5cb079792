"""What CommBox sent and could not be read, grouped: items that were left out, and fields that were."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from recordings.db import fetch_all
from recordings.operations.meanings import Meaning, meaning_of, meaning_of_flag

EXAMPLES = 3
# A listing's items have no refresh of their own to be missing from: not met for so long, they are over.
LISTED_WITHIN = timedelta(days=1)
# Flagged recordings are looked at from the newest back; beyond so many the page says "of the newest".
MOST_FLAGGED = 50_000
_CANDIDATES = 20  # an object may stand behind several items of a group

# Still there: met again by the last refresh of its object that brought an answer. Two clocks are compared; beyond
# two seconds between them something else alarms.
_ITEMS = f"""
SELECT p.reason, count(*),
       count(*) FILTER (WHERE CASE
           WHEN p.object_id IS NULL THEN p.last_seen_at > %(listed_since)s
           ELSE o.refreshed_at IS NULL OR p.last_seen_at >= o.refreshed_at - interval '2 seconds' END),
       sum(p.times_seen)::bigint, min(p.first_seen_at), max(p.last_seen_at),
       (array_agg(o.id ORDER BY p.last_seen_at DESC) FILTER (WHERE o.id IS NOT NULL))[1:{_CANDIDATES}],
       array_remove(array_agg(DISTINCT p.stream_id), NULL)
FROM recordings_parseproblem p LEFT JOIN recordings_commboxobject o ON o.id = p.object_id
GROUP BY p.reason
"""  # noqa: S608 (a number of ours)
_FIELDS = f"""
SELECT flag, count(*), count(*) FILTER (WHERE r.vanished_at IS NULL), NULL,
       min(r.first_seen_at), max(r.first_seen_at),
       (array_agg(r.object_id ORDER BY r.first_seen_at DESC))[1:{_CANDIDATES}], '{{}}'::bigint[]
FROM (SELECT flags, first_seen_at, vanished_at, object_id FROM recordings_recording
      WHERE flags <> '[]' ORDER BY first_seen_at DESC LIMIT {MOST_FLAGGED}) r,
     jsonb_array_elements_text(r.flags) AS flag
GROUP BY flag
"""  # noqa: S608 (numbers of ours)


@dataclass(frozen=True)
class Group:
    """Everything that has one reason. What was in it is not told: it may name customers."""

    reason: str
    meaning: Meaning
    items: int
    still: int
    times: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    objects: Sequence[int]
    channels: Sequence[int]

    @property
    def title(self) -> str:
        """The reason as a sentence; a flag is named by field and fault."""
        return self.reason if self.times is not None else self.reason.replace("_", " ").capitalize()

    @property
    def object_ids(self) -> str:
        """The examples as the form for refreshing now takes them."""
        return ",".join(map(str, self.objects))


def item_groups() -> list[Group]:
    """Items that were left out, by reason: what is still there first, then the newest. One query."""
    since = timezone.now() - LISTED_WITHIN
    groups = [
        _group(row, meaning_of(row[0])) for row in fetch_all(connection, _ITEMS, {"listed_since": since})
    ]
    return sorted(groups, key=lambda group: (group.still == 0, -group.last_seen_at.timestamp()))


def field_groups() -> list[Group]:
    """Recordings that were kept with a field that could not be read, by field and fault. One query, by an index."""
    groups = [_group(row, meaning_of_flag(row[0])) for row in fetch_all(connection, _FIELDS)]
    return sorted(groups, key=lambda group: (group.still == 0, -group.items, group.reason))


def _group(row: tuple[Any, ...], meaning: Meaning) -> Group:
    reason, items, still, times, first, last, objects, channels = row
    examples = list(dict.fromkeys(objects or ()))[:EXAMPLES]
    return Group(reason, meaning, items, still, times, first, last, examples, channels)
