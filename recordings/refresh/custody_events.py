"""Record in the trail what happened to recordings at their source, with the values before and after."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from recordings.audit import Actor, Entry, Kind, Target, record_all
from recordings.refresh.differences import EVIDENCE, RecordingChange

# Far beyond any honest value; an event holds 65,000 bytes in all.
LONGEST_TEXT = 2_000


def record_custody(changes: Iterable[RecordingChange], *, by: Actor) -> None:
    """Record every event of these changes, in the caller's transaction."""
    record_all([_entry(kind, change) for change in changes for kind in change.kinds], by=by)


def _entry(kind: Kind, change: RecordingChange) -> Entry:
    row = change.recording
    facts: dict[str, Any]
    match kind:
        case Kind.RECORDING_CHANGED:
            facts = {"change": (_event_facts(change.before), _event_facts(change.after))}
        case Kind.RECORDING_UNPLAYABLE:
            facts = {"detail": _event_facts({"reason": row.state_reason, "url": row.url})}
        case Kind.RECORDING_VANISHED:
            facts = {"detail": _event_facts({"last_confirmed_at": row.confirmed_at})}
        case _:
            facts = {"detail": _event_facts({name: getattr(row, name) for name in EVIDENCE})}
    return Entry(kind, Target.of(row), **facts)


def _event_facts(values: Mapping[str, Any]) -> dict[str, int | str]:
    """Format values for an event: drop empty ones and truncate texts, because CommBox's are untrusted and unbounded."""
    facts: dict[str, int | str] = {}
    for name, value in values.items():
        if value in (None, ""):
            continue
        if isinstance(value, datetime):
            facts[name] = value.isoformat()
        else:
            facts[name] = value[:LONGEST_TEXT] if isinstance(value, str) else int(value)
    return facts
