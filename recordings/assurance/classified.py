"""Classify expected recordings: the one SQL text that map, list and statement share.

A row is a recording, on the day it was recorded, or a closed conversation that should have one, on the day it began.
Both the end of a call and the time it was listed are by CommBox's clock. usual.py defines outliers.

Channel and agent come from the search rows, which are stored in the order of time as the recordings are; a join with
the objects would read all of them.
"""

from datetime import date
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from recordings.assurance import usual
from recordings.assurance.findings import OPEN
from recordings.assurance.usual import NO_AGENT, USUAL, WHOLE_CHANNEL
from recordings.assurance.window import Window
from recordings.db import fetch_all
from recordings.reach import Reach

MissingIn = list[tuple[int, date]]  # channels by id, months by their first day

_CLASSIFIED = f"""
WITH {USUAL}, recs AS (
    SELECT r.id, r.object_id, d.stream_id, d.agent_id, d.sensitivity, r.shown_at AS at, r.duration_seconds AS seconds,
           r.file_size_bytes AS bytes, r.state, r.url, r.recorded_at, r.file_badge, r.flags,
           date_trunc('month', r.shown_at AT TIME ZONE 'UTC')::date AS month,
           CASE WHEN r.duration_seconds > 0 THEN ln(r.duration_seconds::float8) END AS long,
           CASE WHEN r.duration_seconds > 0 AND r.file_size_bytes > 0
                THEN ln(r.file_size_bytes::float8 / r.duration_seconds) END AS dense,
           coalesce(r.activity_created_at, (
               SELECT r.first_seen_at FROM recordings_commboxobject o
               WHERE o.id = r.object_id AND o.first_seen_at <= r.recorded_at + %(late)s)) - r.recorded_at AS lag
    FROM recordings_recording r JOIN recordings_searchdoc d ON d.id = r.id
    WHERE r.shown_at >= %(since)s AND r.shown_at < %(until)s AND d.shown_at >= %(since)s AND d.shown_at < %(until)s
), same_file AS (
    SELECT url FROM recs WHERE url <> '' AND state <> 'vanished_at_source' GROUP BY url HAVING count(*) > 1
), same_call AS (
    SELECT object_id, recorded_at, seconds FROM recs
    WHERE recorded_at IS NOT NULL AND seconds > 0 AND state <> 'vanished_at_source'
    GROUP BY object_id, recorded_at, seconds HAVING count(*) > 1
), broken AS (
    SELECT recording_id FROM (
        SELECT DISTINCT ON (recording_id) recording_id, outcome
        FROM recordings_mediacheck WHERE recording_id IN (SELECT id FROM recs)
        ORDER BY recording_id, checked_at DESC) newest
    WHERE outcome = 'fails'
), judged AS (
    SELECT r.*, coalesce(abs(r.long - u.long) > u.long_reach, false) AS odd_length,
           coalesce(abs(r.dense - u.dense) > u.dense_reach, false) AS odd_size,
           round(exp(u.long))::bigint AS usual_seconds,
           r.state <> 'vanished_at_source' AND (f.url IS NOT NULL OR c.object_id IS NOT NULL) AS twice,
           b.recording_id IS NOT NULL AS broken
    FROM recs r
    LEFT JOIN usual own ON own.stream_id = r.stream_id AND own.month = r.month
        AND own.who = coalesce(r.agent_id, {NO_AGENT})
    LEFT JOIN usual u ON u.stream_id = r.stream_id AND u.month = r.month
        AND u.who = CASE WHEN own.n IS NULL THEN {WHOLE_CHANNEL} ELSE own.who END
    LEFT JOIN same_file f ON f.url = r.url
    LEFT JOIN same_call c
        ON c.object_id = r.object_id AND c.recorded_at = r.recorded_at AND c.seconds = r.seconds
    LEFT JOIN broken b ON b.recording_id = r.id
), everywhere AS (
    SELECT id, object_id, true AS recorded, stream_id, agent_id, sensitivity, at, seconds, bytes, state,
           extract(epoch FROM lag)::bigint AS lag_seconds, odd_length, odd_size, usual_seconds, array_remove(ARRAY[
               CASE WHEN lag > %(late)s THEN 'late' END,
               CASE WHEN seconds = 0 OR bytes = 0 OR flags ?| ARRAY['negative_duration', 'negative_file_size']
                    THEN 'zero_length' END,
               CASE WHEN odd_length OR odd_size THEN 'outlier' END,
               CASE WHEN twice THEN 'duplicate' END,
               CASE WHEN broken OR state IN ('file_missing', 'storage_refused', 'not_playable') THEN 'unplayable' END,
               CASE WHEN state = 'vanished_at_source' THEN 'vanished' END,
               CASE WHEN file_badge = 'differs' THEN 'differs' END], NULL) AS findings
    FROM judged
    UNION ALL
    SELECT d.id, d.object_id, false, d.stream_id, o.agent_id, d.sensitivity, d.shown_at, NULL, NULL, '',
           NULL, false, false, NULL, ARRAY['missing']
    FROM recordings_searchdoc d JOIN recordings_commboxobject o ON o.id = d.object_id
    WHERE NOT d.has_recording AND d.shown_at >= %(since)s AND d.shown_at < %(until)s
      AND (d.stream_id, date_trunc('month', d.shown_at AT TIME ZONE 'UTC')::date) IN (
          SELECT * FROM unnest(%(missing_streams)s::bigint[], %(missing_months)s::date[]))
      AND o.agent_id IS NOT NULL AND o.status_id NOT IN (4, 5, 7)
      AND (o.closed_at IS NOT NULL OR o.status_id IN (2, 14))
      AND coalesce(o.closed_at, o.updated_at) < %(now)s - %(late)s
      AND o.refreshed_at >= coalesce(o.closed_at, o.updated_at) + %(late)s
)
"""  # noqa: S608 (constants of this module)


def select_classified(
    statement: str, window: Window, missing_in: MissingIn, reach: Reach, **values: Any
) -> list[tuple[Any, ...]]:
    """Run a SELECT over `classified`, the expected recordings of a window in this reach.

    Findings compare with recordings outside the reach as well: a duplicate is one, whoever may see the other. In the
    channels and months `missing_in`, a closed conversation without a recording counts as missing. `values` are further
    parameters of the SELECT.
    """
    parameters = {
        "since": window.starts_at,
        "until": window.ends_at,
        "late": settings.ASSURANCE_LATE,
        "now": timezone.now(),
        "missing_streams": [stream for stream, _ in missing_in],
        "missing_months": [month for _, month in missing_in],
        "open": [finding.value for finding in OPEN],
        **usual.parameters(window),
        **values,
    }
    where = reach.where("everywhere")
    names = [f"reach_{number}" for number in range(len(where.values))]
    condition = where.clause() % tuple(f"%({name})s" for name in names)
    classified = f", classified AS (SELECT * FROM everywhere {condition})\n"  # noqa: S608 (texts of ours)
    parameters |= dict(zip(names, where.values, strict=True))
    return fetch_all(connection, _CLASSIFIED + classified + statement, parameters)
