"""Read the state of one channel: usual and recent numbers of recordings, delays, and what went wrong.

Days are those of the reader's time zone.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from recordings.days import moment_of, today
from recordings.db import BIGGEST_ID, fetch_all
from recordings.models import CommBoxObject, ParseProblem, Stream

HISTORY = 30  # days
USUAL = 28  # days before today
DELAYS_OF = timedelta(days=7)

# For each day: its recordings, and those up to the current time of day.
_PER_DAY = """
SELECT (shown_at AT TIME ZONE %(zone)s)::date, count(*),
       count(*) FILTER (WHERE (shown_at AT TIME ZONE %(zone)s)::time <= (%(now)s AT TIME ZONE %(zone)s)::time)
FROM recordings_searchdoc
WHERE stream_id = %(stream)s AND has_recording AND shown_at >= %(since)s AND shown_at < %(until)s
GROUP BY 1
"""
_NEWEST = """
SELECT (SELECT max(shown_at) FROM recordings_searchdoc WHERE stream_id = %(stream)s AND has_recording),
       (SELECT max(created_at) FROM recordings_commboxobject WHERE stream_id = %(stream)s)
"""
# How long CommBox took to list a recording after its call, and how long the portal took after that. The second counts
# only from when the portal knew the channel: recordings that a first fill finds were not late.
_DELAYS = """
SELECT count(*),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(r.activity_created_at - r.recorded_at, interval '0')),
       max(r.activity_created_at - r.recorded_at),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY greatest(r.first_seen_at - r.activity_created_at, interval '0'))
           FILTER (WHERE r.activity_created_at >= %(known_since)s),
       max(r.first_seen_at - r.activity_created_at) FILTER (WHERE r.activity_created_at >= %(known_since)s)
FROM recordings_recording r JOIN recordings_searchdoc d ON d.id = r.id
WHERE d.stream_id = %(stream)s AND d.shown_at >= %(delays_since)s
  AND r.recorded_at IS NOT NULL AND r.activity_created_at IS NOT NULL
"""


@dataclass(frozen=True)
class Delays:
    """Median and longest delays in seconds: from the call to CommBox's list, and from there to the portal.

    None where no recording has both times.
    """

    recordings: int
    commbox_usual: float | None
    commbox_longest: float | None
    portal_usual: float | None
    portal_longest: float | None


@dataclass(frozen=True)
class ChannelStatus:
    """The state of a channel. `usual` and `usual_by_now` are daily averages over the USUAL days before today.

    `days`: (ISO day, recordings), oldest first.
    """

    stream: Stream
    days: list[tuple[str, int]]
    today: int
    usual: float
    usual_by_now: float
    newest_recording_at: datetime | None
    newest_object_at: datetime | None
    delays: Delays
    not_refreshed: int
    unreadable: int


def channel_status(stream_id: int) -> ChannelStatus | None:
    """Read the state of a channel; None when it is unknown. Six queries."""
    stream = Stream.objects.filter(pk=stream_id).first() if stream_id <= BIGGEST_ID else None
    if stream is None:
        return None
    zone, now = timezone.get_current_timezone(), timezone.now()
    last = today(zone)
    first = last - timedelta(days=HISTORY - 1)
    values: dict[str, Any] = {
        "stream": stream_id,
        "now": now,
        "zone": timezone.get_current_timezone_name(),
        "since": moment_of(first, zone=zone),
        "until": moment_of(last + timedelta(days=1), zone=zone),
        "delays_since": now - DELAYS_OF,
        "known_since": stream.first_seen_at,
    }
    counts: dict[date, tuple[int, int]] = {
        day: (whole, by_now) for day, whole, by_now in fetch_all(connection, _PER_DAY, values)
    }
    compared = [counts.get(last - timedelta(days=number), (0, 0)) for number in range(1, USUAL + 1)]
    ((newest_recording, newest_object),) = fetch_all(connection, _NEWEST, values)
    ((measured, *delays),) = fetch_all(connection, _DELAYS, values)
    days = [first + timedelta(days=number) for number in range(HISTORY)]
    return ChannelStatus(
        stream=stream,
        days=[(day.isoformat(), counts.get(day, (0, 0))[0]) for day in days],
        today=counts.get(last, (0, 0))[0],
        usual=sum(whole for whole, _ in compared) / USUAL,
        usual_by_now=sum(by_now for _, by_now in compared) / USUAL,
        newest_recording_at=newest_recording,
        newest_object_at=newest_object,
        delays=Delays(measured, *(None if delay is None else delay.total_seconds() for delay in delays)),
        not_refreshed=CommBoxObject.objects.filter(stream=stream_id, refresh_error_at__isnull=False).count(),
        unreadable=ParseProblem.objects.filter(stream_id=stream_id).count(),
    )
