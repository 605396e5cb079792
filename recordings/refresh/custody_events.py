"""Custody events: what happened to a recording at its source, in the trail, with before and after."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from recordings.audit import Actor, Entry, Kind, Target, record_all
from recordings.refresh.differences import EVIDENCE, Step

# Far beyond any honest value; an event holds 65,000 bytes in all.
LONGEST_TEXT = 2_000


def record_custody(steps: Iterable[Step], *, by: Actor) -> None:
    """Write every event of these steps into the trail, in the caller's transaction."""
    entries = [
        Entry(kind, Target.of(step.recording), **_told(kind, step)) for step in steps for kind in step.kinds
    ]
    record_all(entries, by=by)


def _told(kind: Kind, step: Step) -> dict[str, Any]:
    row = step.recording
    match kind:
        case Kind.RECORDING_CHANGED:
            return {"change": (_said(step.before), _said(step.after))}
        case Kind.RECORDING_UNPLAYABLE:
            return {"detail": _said({"reason": row.state_reason, "url": row.url})}
        case Kind.RECORDING_VANISHED:
            return {"detail": _said({"last_confirmed_at": row.confirmed_at})}
    return {"detail": _said({name: getattr(row, name) for name in EVIDENCE})}


def _said(facts: Mapping[str, Any]) -> dict[str, int | str]:
    """The facts as an event holds them: what is unknown is left out, a text of CommBox's is no matter of course."""
    return {name: _value(value) for name, value in facts.items() if value not in (None, "")}


def _value(value: Any) -> int | str:
    if isinstance(value, datetime):
        return value.isoformat()
    return value[:LONGEST_TEXT] if isinstance(value, str) else int(value)
