"""What the log says of itself at its start, and what came back into it: openings, restored leaves, incidents."""

import json
import re
from typing import Any

from recordings.proof.verification.chains import key_commitment
from recordings.proof.verification.findings import moment, plural
from recordings.proof.verification.log import Log, OwnEvent

# A row that settles counts when the event that it names says so and stands in the log.
_INCIDENTS = """
SELECT id, code, detail, at FROM audit.incident i
WHERE settles IS NULL AND NOT EXISTS (
    SELECT FROM audit.incident s JOIN audit.leaf l ON l.event_id = s.event_id JOIN audit.event e ON e.id = l.event_no
    CROSS JOIN LATERAL (SELECT convert_from(e.body, 'UTF8')::jsonb->'action_detail' AS said) AS b
    WHERE s.settles = i.id AND position('"y":"sealer.incident"}'::bytea IN l.entry) > 0
      AND (said->>'code', said->>'sentence', said->>'settled') = (left(i.code, 100), left(i.detail, 2000), s.detail))
ORDER BY id
"""
_NUMBER = re.compile(r"[2-9]|[1-9][0-9]{1,8}")
_ALL_INCIDENTS = "SELECT count(*) FROM audit.incident WHERE settles IS NULL"


def detail(event: OwnEvent) -> dict[str, Any]:
    """The `action_detail` of an event; nothing when it has none that can be read."""
    try:
        parsed = json.loads(event.body)["action_detail"]
    except (ValueError, KeyError, TypeError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


class Epochs:
    """Under which name the log was signed at which size; asked in ascending order of sizes."""

    def __init__(self, log: Log) -> None:
        self._coming = [(event.n, str(detail(event).get("origin", ""))) for event in log.own("log.opened")]
        self._origin = ""

    def at(self, size: int) -> str:
        """The origin of a checkpoint of this size."""
        while self._coming and self._coming[0][0] < size:
            self._origin = self._coming.pop(0)[1]
        return self._origin


def check_openings(log: Log) -> str:
    """Leaf 0 opens the log; every opening commits to the one tag key; the newest names the log; a later one is the
    successor of the one that it names."""
    opened, expected = log.own("log.opened"), key_commitment(log.head.tag_key)
    if not log.is_open:
        return "the log was not opened yet"
    if not opened or opened[0].n != 0:
        log.add("opening", "The log does not begin with log.opened.", 0)
    for event in opened:
        if detail(event).get("tag_key_sha256") != expected:
            log.add(
                "opening", "commits to another tag key.", event.n, event.event_id, moment(event.recorded_at)
            )
        origin, before = detail(event).get("origin"), detail(event).get("previous_origin")
        if not _succeeds(str(origin), before, first=event.n == 0):
            what = f"opens {origin} after {before or 'nothing'}: an epoch goes on under the next name."
            log.add("opening", what, event.n, event.event_id, moment(event.recorded_at))
    if opened and detail(opened[-1]).get("origin") != log.head.origin:
        log.add("opening", f"names another log than {log.head.origin}.", opened[-1].n, opened[-1].event_id)
    return f"{log.head.origin}, {plural(len(opened), 'epoch')}"


def _succeeds(origin: str, before: Any, *, first: bool) -> bool:
    """Whether a log of this name may begin here: leaf 0 as the first of all, every other one after its predecessor."""
    if before is None:
        return first
    base, _, number = str(before).rpartition("/")
    following = {f"{before}/2"}
    if _NUMBER.fullmatch(number):
        following.add(f"{base}/{int(number) + 1}")
    return origin in following


def check_restored(log: Log) -> str:
    """A leaf may lack its event only where `backup.restored` says that so many came back without theirs."""
    unexplained = sorted(log.segment.restored)
    for event in log.own("backup.restored"):
        restored = detail(event)
        end = int(restored.get("size", 0))
        lost = [n for n in unexplained if end - int(restored.get("leaves", 0)) <= n < end]
        if len(lost) != restored.get("events_lost"):
            what = f"says that {restored.get('events_lost')} events are lost; of its leaves {len(lost)} have none."
            log.add("restored", what, event.n, event.event_id, moment(event.recorded_at))
        unexplained = [n for n in unexplained if n not in set(lost)]
    for n in unexplained:
        log.add("restored", "its event is gone, and nothing in the log says that it was restored without.", n)
    return f"{plural(len(log.segment.restored), 'leaf', 'leaves')} without event after a backup was restored"


def check_incidents(log: Log) -> str:
    """Nothing that must never happen is left open."""
    for _, code, sentence, at in log.rows(_INCIDENTS):
        log.add("incidents", f"{code} is not settled: {sentence}", at=moment(at))
    ((count,),) = log.rows(_ALL_INCIDENTS)
    return f"{plural(count, 'incident')}, all settled" if count else "none ever"
