"""The index of words: one row for each sealed event, written in the order of the leaves so that none is left out.

A search indexes the events sealed since, up to a limit; a task indexes the rest. Indexing and erasure take one lock, so
erased words are never written after their erasure.
"""

from django.db import connection, transaction

from recordings.audit.opened import COLUMNS, open_events, stored
from recordings.db import fetch_all
from recordings.models import AuditEvent, TrailWords
from recordings.trail.words import MOST_INDEXED, shown_words, tokens_of

BATCH = 1000
# One number for this lock among the advisory locks of the database.
LOCK = "SELECT pg_advisory_xact_lock(7263001)"
_NEXT = """
SELECT e.id, l.n FROM audit.leaf l JOIN audit.event e USING (event_id)
WHERE l.n > (SELECT coalesce(max(leaf), -1) FROM recordings_trailwords) ORDER BY l.n LIMIT %s
"""
# Events are sealed within a second. When one waits longer than this, the sealer is not running.
SEALED_WITHIN = "10 seconds"
MOST_COUNTED = 2_000
_NOT_INDEXED = """
SELECT (SELECT coalesce(max(n), -1) FROM audit.leaf) - (SELECT coalesce(max(leaf), -1) FROM recordings_trailwords)
       + (SELECT count(*) FROM recordings_trailwords WHERE tokens IS NULL),
       (SELECT count(*) FROM (SELECT FROM audit.event WHERE id > coalesce((SELECT max(event_no) FROM audit.leaf), 0)
                              AND recorded_at < now() - %s::interval LIMIT %s) AS waiting)
"""
_ERASED = """
SELECT w.event_no, w.leaf FROM recordings_trailwords w JOIN audit.event e ON e.id = w.event_no
WHERE w.tokens IS NULL ORDER BY w.leaf LIMIT %s
"""
# As the owner, in the transaction of an erasure and before the values are destroyed.
FORGET = """
UPDATE recordings_trailwords SET tokens = NULL WHERE event_no IN (
    SELECT e.id FROM audit.personal p JOIN audit.event e USING (event_id) WHERE %s = ANY (p.subjects))
"""


def index_next(limit: int = BATCH) -> int:
    """Index up to `limit` events, first those whose words an erasure removed. Return their number."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(LOCK)
        leaves = dict(fetch_all(connection, _ERASED, [limit]) or fetch_all(connection, _NEXT, [limit]))
        rows = AuditEvent.objects.filter(id__in=leaves).values_list(*COLUMNS)
        indexed = [
            TrailWords(
                event_no=event.stored.id,
                leaf=leaves[event.stored.id],
                tokens=tokens_of(shown_words(event))[:MOST_INDEXED],
            )
            for event in open_events(stored(rows))
        ]
        TrailWords.objects.bulk_create(
            indexed, update_conflicts=True, unique_fields=["event_no"], update_fields=["tokens"]
        )
    return len(indexed)


def events_not_indexed() -> int:
    """Count the events that a search for words cannot find yet: sealed ones, and MOST_COUNTED overdue ones at most."""
    ((sealed, unsealed),) = fetch_all(connection, _NOT_INDEXED, [SEALED_WITHIN, MOST_COUNTED])
    return int(sealed + unsealed)
