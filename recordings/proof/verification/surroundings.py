"""Check what surrounds the log: events without a leaf, extra leaves, and the guards of its tables."""

from recordings.proof.verification.findings import moment, plural
from recordings.proof.verification.guards import differences, expected_guards, read_guards
from recordings.proof.verification.log import Log

_COUNT = "SELECT count(*) FROM audit.event"
_BEYOND = "SELECT count(*), min(n) FROM audit.leaf WHERE n < 0 OR n >= %s"
# Compares all events with all leaves by event id, whereas the sealer compares by number.
_UNSEALED = """
WITH waiting AS MATERIALIZED (
    SELECT id FROM audit.event e WHERE NOT EXISTS (SELECT FROM audit.leaf l WHERE l.event_id = e.event_id))
SELECT id, e.event_id::text, e.recorded_at, e.recorded_at < clock_timestamp() - make_interval(secs => %s)
FROM waiting JOIN audit.event e USING (id) ORDER BY id
"""


def check_unsealed(log: Log) -> str:
    """Check that no committed event has waited longer than the limit for its leaf."""
    ((log.events,),) = log.rows(_COUNT)
    waiting = late = 0
    with log.connection.cursor("unsealed", binary=True) as cursor:
        for _, event_id, recorded_at, is_late in cursor.execute(_UNSEALED, [log.lag_limit]):
            waiting += 1
            late += is_late
            if is_late:
                log.add("unsealed", "it is not sealed yet.", -1, event_id, moment(recorded_at))
    if log.events != log.segment.leaves - log.segment.gone + waiting:
        log.add("unsealed", "An event has more than one leaf.")
    return (
        f"{plural(log.events, 'event')}, {waiting:,} waiting, {late:,} of them longer than {log.lag_limit} s"
    )


def check_beyond(log: Log) -> str:
    """Check that there are no leaves outside the log. Those within were checked one by one."""
    ((count, first),) = log.rows(_BEYOND, log.size)
    if count:
        log.add("leaves", f"There are {count:,} leaves beyond the log's end.", first)
    return f"{plural(log.segment.leaves, 'leaf', 'leaves')} without a gap, each with its event"


def check_guards(log: Log) -> str:
    """Check that triggers, functions, owners and privileges are those that the migrations created."""
    expected = expected_guards()
    for sentence in differences(read_guards(log.connection), expected):
        log.add("guards", sentence)
    return f"{len(expected):,} triggers, functions and privileges unchanged"
