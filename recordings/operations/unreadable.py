"""Group what could not be read in CommBox's responses: items that were left out, and fields of recordings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from recordings.db import fetch_all
from recordings.operations.meanings import Meaning, meaning_of, meaning_of_flag

EXAMPLES = 3
# An item of a listing has no object whose refresh could show that it is gone. Not seen for so long, it counts as gone.
LISTED_WITHIN = timedelta(days=1)
# Only so many of the newest flagged recordings are counted; the page says so.
MOST_FLAGGED = 50_000
_CANDIDATES = 20  # several items of a group may belong to one object

# An item is current when the last successful refresh of its object met it again. The two times come from two clocks;
# a difference of more than two seconds raises an alarm elsewhere.
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
    """All items with one reason. Their content is not shown, because it may name customers.

    `still`: how many are current. `times`: how often they were seen; None for fields of recordings.
    """

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
    def object_ids(self) -> str:
        """The examples, as the form that refreshes objects takes them."""
        return ",".join(map(str, self.objects))


def item_groups() -> list[Group]:
    """Return the items that were left out, by reason: current ones first, then the newest. One query."""
    since = timezone.now() - LISTED_WITHIN
    groups = [
        _group(row, meaning_of(row[0])) for row in fetch_all(connection, _ITEMS, {"listed_since": since})
    ]
    return sorted(groups, key=lambda group: (group.still == 0, -group.last_seen_at.timestamp()))


def field_groups() -> list[Group]:
    """Return recordings that were kept with an unreadable field, by field and fault. One query, by an index."""
    groups = [_group(row, meaning_of_flag(row[0])) for row in fetch_all(connection, _FIELDS)]
    return sorted(groups, key=lambda group: (group.still == 0, -group.items, group.reason))


def _group(row: tuple[Any, ...], meaning: Meaning) -> Group:
    reason, items, still, times, first, last, objects, channels = row
    examples = list(dict.fromkeys(objects or ()))[:EXAMPLES]
    return Group(reason, meaning, items, still, times, first, last, examples, channels)
