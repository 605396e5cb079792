"""Store and count items that could not be read; the operations page shows them."""

from collections.abc import Sequence

from django.db import connection

from recordings.commbox import Problem

# A response may contain only unreadable items; the first ones are enough to see why.
MOST_PER_ANSWER = 50

_NOTE = """
INSERT INTO recordings_parseproblem AS p
    (object_id, stream_id, reason, excerpt, first_seen_at, last_seen_at, times_seen)
SELECT %(object_id)s::bigint, %(stream_id)s::bigint, reason, excerpt, now(), now(), 1
FROM unnest(%(reasons)s::text[], %(excerpts)s::text[]) AS item (reason, excerpt)
ON CONFLICT (object_id, stream_id, reason, excerpt) DO UPDATE
SET last_seen_at = now(), times_seen = p.times_seen + 1
"""


def note(problems: Sequence[Problem], *, object_id: int | None = None, stream_id: int | None = None) -> None:
    """Store these problems; for one that is stored already, count it and update its time."""
    unique = list(dict.fromkeys((problem.reason, problem.excerpt) for problem in problems))[:MOST_PER_ANSWER]
    if not unique:
        return
    reasons, excerpts = zip(*unique, strict=True)
    values = {
        "object_id": object_id,
        "stream_id": stream_id,
        "reasons": list(reasons),
        "excerpts": list(excerpts),
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)
