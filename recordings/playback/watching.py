"""Store what the player reports as watched, and end viewings.

A row and its event change in one transaction.
"""

from datetime import datetime, timedelta
from math import ceil
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Greatest
from django.utils import timezone
from psycopg.types.multirange import Int8Multirange
from psycopg.types.range import Int8Range

from recordings.audit import Actor, Kind, committed, record, record_once
from recordings.models import Viewing
from recordings.models.fields import Spans
from recordings.playback.events import about
from recordings.playback.policies import check_may_go_on
from recordings.playback.spans import (
    MAX_SPANS,
    WatchReport,
    first_of,
    is_beyond_length,
    spans_in_words,
    total_ms,
)
from recordings.reach import Reach

# How far a player may be ahead of the server's clock: two clocks differ in their time and in their speed.
HEAD_START_MS = 3000
CLOCKS_DIFFER = 1.02

# A player reports at every press of a button. A shorter range is recorded with the next one, or with the end of the
# viewing, whose event holds all ranges.
SHORTEST_RECORDED_MS = 1000

# A player reports every minute, also while paused (watching.js). Browsers slow down the timers of hidden pages. But one
# that is silent for so long was closed, has no network or is asleep.
SILENT_AFTER = timedelta(minutes=5)
_ENDED_AT_ONCE = 200

# The row stays locked, so that two reports at once never count the same second twice.
_LOCK = """
SELECT %(spans)s::int8multirange - watched, watched_at, watch_credit_ms, untold FROM recordings_viewing
WHERE id = %(id)s AND ended_at IS NULL FOR NO KEY UPDATE
"""
_MERGE = """
UPDATE recordings_viewing
SET watched = watched + %(spans)s::int8multirange, watched_at = %(now)s, watch_credit_ms = %(credit_ms)s,
    untold = CASE WHEN %(is_recorded)s THEN '{}' ELSE untold + %(spans)s::int8multirange END
WHERE id = %(id)s RETURNING old.untold + %(spans)s::int8multirange
"""


def note_watched(*, viewing: Viewing, report: WatchReport, reach: Reach, by: Actor) -> None:
    """Merge a report of the player into the viewing. Raises Denied (in the trail) and AuditUnavailable."""
    check_may_go_on(viewing, reach=reach, by=by)
    with committed():
        excess_ms = _merge(viewing, report, by)
    _record_excess(viewing, excess_ms, by)


def finish_viewing(*, viewing: Viewing, report: WatchReport, reach: Reach, by: Actor) -> None:
    """End a viewing with the player's last report. Raises Denied (in the trail) and AuditUnavailable."""
    check_may_go_on(viewing, reach=reach, by=by)
    with committed():
        excess_ms = _merge(viewing, report, by)
        _end(viewing, by)
    _record_excess(viewing, excess_ms, by)


@transaction.atomic
def end_viewings_of_session(*, session_ref: str, by: Actor) -> int:
    """End the open viewings of a session that has ended; return their number."""
    viewings = (
        Viewing.objects.filter(session_ref=session_ref, ended_at=None)
        .order_by("pk")
        .select_for_update(of=("self",))
        .select_related("recording__object")
    )
    for viewing in viewings:
        _end(viewing, by, reason="the session ended", **_unreported(viewing))
    return len(viewings)


@transaction.atomic
def end_viewings_of_person(*, viewer: Any, by: Actor) -> int:
    """End what a person is watching, because their account was closed; return how many viewings that were."""
    viewings = (
        Viewing.objects.filter(viewer=viewer, ended_at=None)
        .order_by("pk")
        .select_for_update(of=("self",))
        .select_related("recording__object")
    )
    for viewing in viewings:
        _end(viewing, by, reason="the account was deactivated", **_unreported(viewing))
    return len(viewings)


def end_silent_viewings(*, by: Actor) -> int:
    """End the viewings whose player has not reported for SILENT_AFTER; return their number."""
    reported_at = Greatest("started_at", "url_issued_at", "watched_at")
    silent = Viewing.objects.annotate(reported_at=reported_at).filter(
        ended_at=None, reported_at__lt=timezone.now() - SILENT_AFTER
    )
    ended = 0
    for pk in list(silent.order_by("pk").values_list("pk", flat=True)[:_ENDED_AT_ONCE]):
        with committed():
            # Meanwhile the player may have reported, or ended it.
            row = silent.select_related("recording__object").select_for_update(of=("self",), skip_locked=True)
            viewing = row.filter(pk=pk).first()
            if viewing is not None:
                _end(viewing, by, reason="the player stopped reporting", **_unreported(viewing))
                ended += 1
    return ended


def _unreported(viewing: Viewing) -> dict[str, int]:
    """Return for how long the player had reported nothing before the viewing ended without its report."""
    silence = timezone.now() - (viewing.watched_at or viewing.started_at)
    return {"unreported_seconds": max(0, int(silence.total_seconds()))}


def _merge(viewing: Viewing, report: WatchReport, by: Actor) -> int:
    """Add a report to the watched ranges. Record the new ones once they total SHORTEST_RECORDED_MS.

    Nobody can watch more than the server's clock and the speed allow since the last report. Return the milliseconds
    beyond that; they are not counted. A viewing that has ended is not changed.
    """
    with connection.cursor() as cursor:
        # 1. Find what is new in the report.
        reported: dict[str, Any] = {"spans": _multirange(report.spans), "id": viewing.pk}
        cursor.execute(_LOCK, reported)
        row = cursor.fetchone()
        if row is None:
            return 0
        now = timezone.now()
        unseen, last, credit_ms, untold = row
        new = _spans(unseen)

        # 2. Count as much of it as can have been played. Time that a delayed report does not use is left to the next
        # one. It is kept as time, because the next one may have another speed.
        time_ms = credit_ms + _passed_ms(viewing.started_at, last, now)
        counted = first_of(new, time_ms * report.rate_percent // 100)
        used_ms = ceil(total_ms(counted) * 100 / report.rate_percent)

        # 3. Write the row and its event.
        is_recorded = bool(counted) and total_ms(_spans(untold)) + total_ms(counted) >= SHORTEST_RECORDED_MS
        merged: dict[str, Any] = {
            "spans": _multirange(counted),
            "is_recorded": is_recorded,
            "now": now,
            "credit_ms": time_ms - used_ms,
            "id": viewing.pk,
        }
        cursor.execute(_MERGE, merged)
        recorded = _spans(cursor.fetchone()[0])
    if is_recorded:
        detail = {
            **_spans_detail(recorded),
            "rate_percent": report.rate_percent,
            "position_ms": report.position_ms,
        }
        reported_seconds = viewing.recording.duration_seconds
        if is_beyond_length(recorded, reported_seconds):
            detail["reported_length_seconds"] = reported_seconds
        # Only the browser knows what was played, and the event says so.
        record(Kind.WATCHED, by=by, asserted_by="client", **about(viewing, **detail))
    return total_ms(new) - total_ms(counted)


def _passed_ms(started_at: datetime, last: datetime | None, now: datetime) -> int:
    """Return the milliseconds that can have passed in the browser since the last report, or since the start."""
    passed_ms = max(0.0, (now - (last or started_at)).total_seconds() * 1000)
    # Rounded down: many small reports must not add up to more than one large report.
    return int(passed_ms * CLOCKS_DIFFER) + (0 if last else HEAD_START_MS)


def _record_excess(viewing: Viewing, excess_ms: int, by: Actor) -> None:
    """Record that a player reported more than can have been played, at most once a minute per viewing."""
    if excess_ms > 0:
        facts = about(viewing, refused_ms=excess_ms)
        act = {"viewing": str(viewing.pk)}
        record_once(Kind.WATCH_EXCESS, by=by, act=act, asserted_by="client", **facts)


def _end(viewing: Viewing, by: Actor, **why: str | int) -> None:
    """End a viewing once, in the caller's transaction. The event says what was watched in total."""
    if not Viewing.objects.filter(pk=viewing.pk, ended_at=None).update(ended_at=timezone.now()):
        return
    watched: Spans = Viewing.objects.values_list("watched", flat=True).get(pk=viewing.pk)
    detail = {"seconds": total_ms(watched) // 1000, **_spans_detail(watched), **why}
    record(Kind.VIEWING_FINISHED, by=by, **about(viewing, **detail))


def _spans(multirange: Int8Multirange) -> Spans:
    return [(span.lower or 0, span.upper or 0) for span in multirange]  # neither end is ever open


def _multirange(spans: Spans) -> Int8Multirange:
    return Int8Multirange([Int8Range(start, end) for start, end in spans])


def _spans_detail(spans: Spans) -> dict[str, Any]:
    """Return spans for an event: the first MAX_SPANS, because events have a maximum size, and the total of all."""
    kept = spans[:MAX_SPANS]
    return {
        "spans": [list(span) for span in kept],
        "span_words": spans_in_words(kept),
        "watched_ms": total_ms(spans),
    }
