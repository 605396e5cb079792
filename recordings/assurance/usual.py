"""Define outliers by what was usual in the month before. Map, list and statement share this definition.

A recording is compared with those of the calendar month (UTC) before its own: of its agent in its channel, or of its
whole channel when these are fewer than ENOUGH. So an outlier does not depend on the days that a person looks at. Median
and median absolute deviation (MAD) are robust against a few extreme values; mean and standard deviation are not.
Lengths and bytes per second are compared as logarithms, so a call twice as long is as unusual as one half as long.
"""

from dataclasses import dataclass
from datetime import date
from math import exp
from typing import Any

from django.db import connection

from recordings.assurance.window import Window, month_before
from recordings.days import moment_of
from recordings.db import fetch_all

# A value beyond so many robust deviations is an outlier (Iglewicz and Hoaglin, 1993), if there are ENOUGH to compare.
FAR, ENOUGH, LEAST_SPREAD = 3.5, 20, 0.1
MAD_TO_DEVIATION = 1.4826
WHOLE_CHANNEL, NO_AGENT = -1, 0

# `who`: an agent's id, NO_AGENT or WHOLE_CHANNEL. `month`: the month that is judged, the one after the data.
USUAL = f"""
past AS (
    SELECT d.stream_id, who.id AS who,
           (date_trunc('month', r.shown_at AT TIME ZONE 'UTC') + interval '1 month')::date AS month,
           CASE WHEN r.duration_seconds > 0 THEN ln(r.duration_seconds::float8) END AS long,
           CASE WHEN r.duration_seconds > 0 AND r.file_size_bytes > 0
                THEN ln(r.file_size_bytes::float8 / r.duration_seconds) END AS dense
    FROM recordings_recording r JOIN recordings_searchdoc d ON d.id = r.id
    CROSS JOIN LATERAL (VALUES (coalesce(d.agent_id, {NO_AGENT})), ({WHOLE_CHANNEL}::bigint)) AS who (id)
    WHERE r.shown_at >= %(past_since)s AND r.shown_at < %(past_until)s
      AND d.shown_at >= %(past_since)s AND d.shown_at < %(past_until)s
), middle AS (
    SELECT stream_id, who, month, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY long) AS long,
           percentile_cont(0.5) WITHIN GROUP (ORDER BY dense) AS dense
    FROM past GROUP BY stream_id, who, month HAVING count(*) >= %(enough)s
), usual AS (
    SELECT m.stream_id, m.who, m.month, m.n, m.long, m.dense,
           %(far)s * greatest(%(least)s, %(scale)s *
               percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(p.long - m.long))) AS long_reach,
           %(far)s * greatest(%(least)s, %(scale)s *
               percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(p.dense - m.dense))) AS dense_reach
    FROM past p JOIN middle m USING (stream_id, who, month)
    GROUP BY m.stream_id, m.who, m.month, m.n, m.long, m.dense
)
"""  # noqa: S608 (constants of this module)
_OF_CHANNELS = f"""
WITH {USUAL}
SELECT stream_id, month, n, long, long_reach, dense, dense_reach
FROM usual WHERE who = {WHOLE_CHANNEL} ORDER BY stream_id, month
"""  # noqa: S608 (constants of this module)


@dataclass(frozen=True)
class Range:
    """The usual value, and the range outside which a value is an outlier."""

    middle: float
    lowest: float
    highest: float

    @classmethod
    def of_logarithms(cls, middle: float | None, reach: float) -> "Range | None":
        if middle is None:
            return None
        return cls(exp(middle), exp(middle - reach), exp(middle + reach))


@dataclass(frozen=True)
class Usual:
    """What is usual in a channel for the recordings of a month: lengths in seconds, and bytes per second.

    A range is None when no recording had that value.
    """

    stream_id: int
    month: date
    recordings: int
    seconds: Range | None
    bytes_per_second: Range | None


def parameters(window: Window) -> dict[str, Any]:
    """Return the parameters of USUAL for the recordings of a window."""
    return {
        "past_since": moment_of(month_before(window.since)),
        "past_until": moment_of(window.last.replace(day=1)),
        "far": FAR,
        "enough": ENOUGH,
        "least": LEAST_SPREAD,
        "scale": MAD_TO_DEVIATION,
    }


def usual_in_channels(window: Window) -> list[Usual]:
    """Read what is usual in each channel for each month of a window, where there is enough to compare. One query."""
    rows = fetch_all(connection, _OF_CHANNELS, parameters(window))
    return [
        Usual(
            stream_id,
            month,
            n,
            Range.of_logarithms(long, long_reach),
            Range.of_logarithms(dense, dense_reach),
        )
        for stream_id, month, n, long, long_reach, dense, dense_reach in rows
    ]
