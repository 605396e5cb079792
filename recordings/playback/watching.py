"""What was watched of a recording, as its player reports it, and the end of a viewing.

A row changes together with its event, in one transaction.
"""

from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from recordings.audit import Actor, Kind, committed, record
from recordings.models import Viewing
from recordings.models.fields import Spans
from recordings.playback.events import about
from recordings.playback.policies import check_may_go_on
from recordings.playback.spans import MAX_SPANS, WatchReport, spans_in_words, total_ms

# The row is locked by the update itself, so two reports at once never count a second twice (PostgreSQL 18: old).
_MERGE = """
UPDATE recordings_viewing SET watched = watched + %(spans)s::int8multirange, watched_at = %(now)s
WHERE id = %(id)s AND ended_at IS NULL
RETURNING %(spans)s::int8multirange - old.watched
"""


def note_watched(*, viewing: Viewing, report: WatchReport, may_play: bool, by: Actor) -> None:
    """Merge a report of the player into the viewing. Raises Denied (in the trail) and AuditUnavailable."""
    check_may_go_on(viewing, may_play=may_play, by=by)
    with committed():
        _merge(viewing, report, by)


def finish_viewing(*, viewing: Viewing, report: WatchReport, may_play: bool, by: Actor) -> None:
    """End a viewing with the player's last report. Raises Denied (in the trail) and AuditUnavailable."""
    check_may_go_on(viewing, may_play=may_play, by=by)
    with committed():
        _merge(viewing, report, by)
        _end(viewing, by)


@transaction.atomic
def end_viewings_of_session(*, session_ref: str, by: Actor) -> int:
    """End what a session was watching, because it is over; return how many viewings that were."""
    viewings = (
        Viewing.objects.filter(session_ref=session_ref, ended_at=None)
        .order_by("pk")
        .select_for_update(of=("self",))
        .select_related("recording__object")
    )
    for viewing in viewings:
        _end(viewing, by, reason="the session ended")
    return len(viewings)


def _merge(viewing: Viewing, report: WatchReport, by: Actor) -> None:
    """Add a report to what was watched, and record the spans that are new. A viewing that ended takes none."""
    spans = report.within(viewing.recording.duration_seconds)
    values: dict[str, Any] = {
        "spans": Int8Multirange([Int8Range(start, end) for start, end in spans]),
        "now": timezone.now(),
        "id": viewing.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(_MERGE, values)
        row = cursor.fetchone()
    new = [(span.lower, span.upper) for span in row[0]] if row else []
    if new:
        detail = {
            **_spans_detail(new),
            "rate_percent": report.rate_percent,
            "position_ms": report.position_ms,
        }
        # Only the browser knows what was on screen: the event says so.
        record(Kind.WATCHED, by=by, asserted_by="client", **about(viewing, **detail))


def _end(viewing: Viewing, by: Actor, **reason: str) -> None:
    """End a viewing in the caller's transaction, once; the event says what was watched in all."""
    if not Viewing.objects.filter(pk=viewing.pk, ended_at=None).update(ended_at=timezone.now()):
        return
    watched: Spans = Viewing.objects.values_list("watched", flat=True).get(pk=viewing.pk)
    detail = {"seconds": total_ms(watched) // 1000, **_spans_detail(watched), **reason}
    record(Kind.VIEWING_FINISHED, by=by, **about(viewing, **detail))


def _spans_detail(spans: Spans) -> dict[str, Any]:
    """Spans as an event holds them: the first MAX_SPANS, for an event has its limit, and the total of all."""
    kept = spans[:MAX_SPANS]
    return {
        "spans": [list(span) for span in kept],
        "span_words": spans_in_words(kept),
        "watched_ms": total_ms(spans),
    }
