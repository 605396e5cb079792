"""Check the log's openings, restored leaves and incidents."""

import json
import re
from typing import Any

from recordings.proof.verification.chains import key_commitment
from recordings.proof.verification.findings import moment, plural
from recordings.proof.verification.log import Log, LogEvent

# A row that closes an incident counts only if the event that it names says so and is in the log.
_INCIDENTS = """
SELECT id, code, detail, at FROM audit.incident i
WHERE settles IS NULL AND NOT EXISTS (
    SELECT FROM audit.incident s JOIN audit.leaf l ON l.event_id = s.event_id JOIN audit.event e ON e.id = l.event_no
    CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb->'action_detail' AS info) AS b
    WHERE s.settles = i.id AND position('"y":"sealer.incident"}'::bytea IN l.entry) > 0
      AND (info->>'code', info->>'sentence', info->>'settled') = (left(i.code, 100), left(i.detail, 2000), s.detail))
ORDER BY id
"""
_NUMBER = re.compile(r"[2-9]|[1-9][0-9]{1,8}")
_ALL_INCIDENTS = "SELECT count(*) FROM audit.incident WHERE settles IS NULL"


def detail(event: LogEvent) -> dict[str, Any]:
    """Parse the `action_detail` of an event; empty when it cannot be read."""
    try:
        parsed = json.loads(event.body)["action_detail"]
    except (ValueError, KeyError, TypeError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


class Epochs:
    """Returns the origin that the log had at a size. Sizes must be asked in ascending order."""

    def __init__(self, log: Log) -> None:
        openings = log.events_of_kind("log.opened")
        self._remaining = [(event.n, str(detail(event).get("origin", ""))) for event in openings]
        self._origin = ""

    def at(self, size: int) -> str:
        """Return the origin of a checkpoint of this size."""
        while self._remaining and self._remaining[0][0] < size:
            self._origin = self._remaining.pop(0)[1]
        return self._origin


def check_openings(log: Log) -> str:
    """Check that leaf 0 opens the log, and that each opening commits to the tag key and succeeds the one before.

    The newest opening must name the log.
    """
    opened, expected = log.events_of_kind("log.opened"), key_commitment(log.head.tag_key)
    if not log.is_open:
        return "the log is not open yet"
    if not opened or opened[0].n != 0:
        log.add("opening", "The log does not begin with log.opened.", 0)
    for event in opened:
        if detail(event).get("tag_key_sha256") != expected:
            log.add(
                "opening",
                "it commits to a different tag key.",
                event.n,
                event.event_id,
                moment(event.recorded_at),
            )
        origin, previous = detail(event).get("origin"), detail(event).get("previous_origin")
        if not _succeeds(str(origin), previous, first=event.n == 0):
            what = f"it opens {origin} after {previous or 'nothing'}, which is not the next name."
            log.add("opening", what, event.n, event.event_id, moment(event.recorded_at))
    if opened and detail(opened[-1]).get("origin") != log.head.origin:
        log.add("opening", f"it does not name {log.head.origin}.", opened[-1].n, opened[-1].event_id)
    return f"{log.head.origin}, {plural(len(opened), 'epoch')}"


def _succeeds(origin: str, previous: Any, *, first: bool) -> bool:
    """Tell whether a log of this name may begin here: as the first of all in leaf 0, or after its predecessor."""
    if previous is None:
        return first
    base, _, number = str(previous).rpartition("/")
    following = {f"{previous}/2"}
    if _NUMBER.fullmatch(number):
        following.add(f"{base}/{int(number) + 1}")
    return origin in following


def check_restored(log: Log) -> str:
    """Check that leaves lack their event only where `backup.restored` records as many lost events."""
    unexplained = sorted(log.segment.restored)
    for event in log.events_of_kind("backup.restored"):
        restored = detail(event)
        end = int(restored.get("size", 0))
        lost = [n for n in unexplained if end - int(restored.get("leaves", 0)) <= n < end]
        if len(lost) != restored.get("events_lost"):
            what = f"it records {restored.get('events_lost')} lost events, but {len(lost)} of its leaves have none."
            log.add("restored", what, event.n, event.event_id, moment(event.recorded_at))
        unexplained = [n for n in unexplained if n not in set(lost)]
    for n in unexplained:
        log.add(
            "restored",
            "its event is missing, and the log does not record that it was restored without one.",
            n,
        )
    return f"{plural(len(log.segment.restored), 'leaf', 'leaves')} restored without an event"


def check_incidents(log: Log) -> str:
    """Check that no incident is open."""
    for _, code, sentence, at in log.rows(_INCIDENTS):
        log.add("incidents", f"{code} is open: {sentence}", at=moment(at))
    ((count,),) = log.rows(_ALL_INCIDENTS)
    return f"{plural(count, 'incident')}, all closed" if count else "no incidents"
