"""What an answer changes about the recordings of one object. Pure: rows and items in, steps out, nothing saved."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from recordings.audit import Kind
from recordings.commbox import RecordingItem
from recordings.models import Recording, RecordingState
from recordings.storage import strip_query, version_of

# Refuses a URL with the sentence a person reads, or returns nothing (storage.locate, given the allow-list).
WhyNot = Callable[[str], str]
SettledBefore = Callable[[datetime], datetime | None]

# A change of these is a change of the evidence; a change of any other column is only written.
EVIDENCE = (
    "url",
    "recording_type",
    "duration_seconds",
    "file_size_bytes",
    "recorded_at",
    "activity_created_at",
    "actor_id",
)
WORDS = {
    "url": "place of the file",
    "recording_type": "type",
    "duration_seconds": "length",
    "file_size_bytes": "size",
    "recorded_at": "recorded time",
    "activity_created_at": "reported time",
    "actor_id": "agent",
}
# Only some of CommBox's shapes carry these. An answer that does not say them takes nothing away, and learning them
# later is no change.
OPTIONAL = frozenset({"upstream_activity_id", "activity_created_at", "actor_id", "actor_name"})
FACTS = (
    *("fingerprint", "upstream_activity_id", "recording_type", "url", "url_kind", "duration_seconds"),
    *("file_size_bytes", "recorded_at", "activity_created_at", "actor_id", "actor_name", "flags", "raw"),
)
COMPARED = (*FACTS, "state", "state_reason", "missed_at", "vanished_at")
VANISHED_REASON = "CommBox no longer reports this recording. The file may still exist."
_USER_INFO = re.compile(r"(?<=://)[^/?#]*@")


@dataclass
class Step:
    """One recording to write, and the events its writing is."""

    recording: Recording
    is_new: bool = False
    kinds: list[Kind] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def steps_for(
    known: Sequence[Recording],
    items: Sequence[RecordingItem],
    *,
    object_id: int,
    now: datetime,
    why_not: WhyNot,
    confirmed_at: datetime | None = None,
    whole: bool = True,
    settled_before: SettledBefore = lambda now: now,
) -> list[Step]:
    """Everything that is to be written. Nothing when the answer says what is known already.

    `confirmed_at` is when the known rows were last confirmed: what vanishes keeps it. `whole` is false when part of
    the answer could not be read: what is missing then may be in that part, so nothing counts as vanished.
    `settled_before` says which absences are old enough to be marked (absence.py).
    """
    pairs, left = _pairs(known, items)
    steps = [_seen(row, item, object_id, now, why_not) for row, item in pairs]
    missed = [row for row in left if row.vanished_at is None] if whole else []
    before = settled_before(now) if any(row.missed_at for row in missed) else None
    steps += [_missed(row, now, confirmed_at, before) for row in missed]
    return [step for step in steps if step is not None]


def says_nothing_new(
    known: Sequence[Mapping[str, Any]], items: Sequence[RecordingItem], *, whole: bool, why_not: WhyNot
) -> bool:
    """Whether `steps_for` would find nothing to write: nearly always so, and told from plain rows of COMPARED."""
    left = {row["fingerprint"]: row for row in known}
    for item in items:
        row = left.pop(item.fingerprint, None)
        if row is None or not _is_same(row, facts_of(item), why_not(item.recording_url)):
            return False
    return not whole or all(row["vanished_at"] for row in left.values())


def _is_same(row: Mapping[str, Any], facts: Mapping[str, Any], refusal: str) -> bool:
    if row["vanished_at"] or row["missed_at"]:
        return False
    if refusal and (row["state"], row["state_reason"]) != (RecordingState.NOT_PLAYABLE, refusal):
        return False
    if not refusal and row["state"] in (RecordingState.NOT_PLAYABLE, RecordingState.VANISHED):
        return False
    return all(row[name] == value or (name in OPTIONAL and not value) for name, value in facts.items())


def facts_of(item: RecordingItem) -> dict[str, Any]:
    """The columns an item fills. The signature of its URL, and a password in it, end here."""
    return {
        "fingerprint": item.fingerprint,
        "upstream_activity_id": item.upstream_activity_id or "",
        "recording_type": item.recording_type,
        "url": _USER_INFO.sub("***@", strip_query(item.recording_url)),
        "url_kind": item.url_kind.value,
        "duration_seconds": item.duration_seconds,
        "file_size_bytes": item.file_size_bytes,
        "recorded_at": item.recorded_at,
        "activity_created_at": item.activity_created_at,
        "actor_id": item.actor_id,
        "actor_name": item.actor_name,
        "flags": list(item.flags),
        "raw": item.raw,
    }


def _pairs(
    known: Sequence[Recording], items: Sequence[RecordingItem]
) -> tuple[list[tuple[Recording | None, RecordingItem]], list[Recording]]:
    """Each item with its row, and the rows that are left.

    An item is a row's when their fingerprints are one. Else CommBox has begun (or ceased) to give activity ids, or
    gives them in one shape of its answers and not in another: that changes every fingerprint and no recording. Then
    the id tells, and place and time of the file where one of the two has none.
    """
    left = {row.fingerprint: row for row in known}
    found = {item.fingerprint: left.pop(item.fingerprint, None) for item in items}
    strangers = [item for item in items if found[item.fingerprint] is None]
    found |= _same_activities(left, strangers)
    pairs = [(found[item.fingerprint] or _same_file(left, item), item) for item in items]
    return pairs, list(left.values())


def _same_activities(rows: dict[str, Recording], items: Sequence[RecordingItem]) -> dict[str, Recording]:
    """Rows, taken from `rows`, for items of the same activity and the same version of the file."""
    ids = {
        (row.upstream_activity_id, version_of(row.url)): row.fingerprint
        for row in rows.values()
        if row.upstream_activity_id
    }
    same = {
        item.fingerprint: ids.get((item.upstream_activity_id or "", version_of(item.recording_url)))
        for item in items
    }
    return {new: rows.pop(old) for new, old in same.items() if old is not None}


def _same_file(rows: dict[str, Recording], item: RecordingItem) -> Recording | None:
    facts = facts_of(item)
    for row in rows.values():
        same = facts["url"] and (row.url, row.recorded_at) == (facts["url"], item.recorded_at)
        if same and not (row.upstream_activity_id and item.upstream_activity_id):
            return rows.pop(row.fingerprint)
    return None


def _seen(
    row: Recording | None, item: RecordingItem, object_id: int, now: datetime, why_not: WhyNot
) -> Step | None:
    if row is None:
        return _discovered(item, object_id, now, why_not)
    return _compared(row, facts_of(item), now, why_not(item.recording_url))


def _discovered(item: RecordingItem, object_id: int, now: datetime, why_not: WhyNot) -> Step:
    times = {"first_seen_at": now, "state_at": now, "confirmed_at": now, "shown_at": now}
    row = Recording(object_id=object_id, **times, **facts_of(item))
    row.shown_at = _shown_at(row, now)
    step = Step(row, is_new=True, kinds=[Kind.RECORDING_DISCOVERED])
    _stand(step, why_not(item.recording_url), now)
    return step


def _compared(row: Recording, facts: dict[str, Any], now: datetime, refusal: str) -> Step | None:
    step = Step(row)
    returned, missed = row.vanished_at is not None, row.missed_at is not None
    old = {name: getattr(row, name) for name in (*facts, "state", "state_reason")}
    facts |= {name: old[name] for name in OPTIONAL if not facts[name]}
    changed = [name for name in EVIDENCE if old[name] != facts[name] and (old[name] or name not in OPTIONAL)]
    step.before = {name: old[name] for name in changed}
    step.after = {name: facts[name] for name in changed}
    step.kinds += [Kind.RECORDING_REAPPEARED] * returned + [Kind.RECORDING_CHANGED] * bool(changed)
    for name, value in facts.items():
        setattr(row, name, value)
    row.vanished_at = row.missed_at = None
    if changed:
        row.changed_at = now
    _stand(step, refusal, now)
    same = all(getattr(row, name) == value for name, value in old.items())
    if same and not returned and not missed:
        return None
    row.confirmed_at, row.shown_at = now, _shown_at(row, row.first_seen_at)
    return step


def _missed(
    row: Recording, now: datetime, confirmed_at: datetime | None, settled_before: datetime | None
) -> Step | None:
    """At first only noted; at a later look marked, as of the time it was noticed."""
    if row.missed_at is None:
        row.missed_at, row.confirmed_at = now, confirmed_at or row.confirmed_at
        return Step(row)
    if settled_before is None or row.missed_at > settled_before:
        return None
    row.vanished_at = row.state_at = row.missed_at
    row.state, row.state_reason = RecordingState.VANISHED, VANISHED_REASON
    return Step(row, kinds=[Kind.RECORDING_VANISHED])


def _stand(step: Step, refusal: str, now: datetime) -> None:
    """Give the row the state that follows, and note the moment it becomes unplayable."""
    row = step.recording
    was = (row.state, row.state_reason)
    row.state, row.state_reason = _state(row, refusal, list(step.after))
    if (row.state, row.state_reason) != was:
        row.state_at = now
    if row.state == RecordingState.NOT_PLAYABLE and (step.is_new or was[0] != RecordingState.NOT_PLAYABLE):
        step.kinds.append(Kind.RECORDING_UNPLAYABLE)


def _state(row: Recording, refusal: str, changed: list[str]) -> tuple[str, str]:
    if refusal:
        return RecordingState.NOT_PLAYABLE, refusal
    if changed:
        words = ", ".join(WORDS[name] for name in changed)
        return RecordingState.CHANGED, f"CommBox now reports another {words} than before."
    if row.state not in (RecordingState.NOT_PLAYABLE, RecordingState.VANISHED):
        return row.state, row.state_reason
    if row.changed_at is not None:
        return RecordingState.CHANGED, "CommBox once changed what it reports about this recording."
    return RecordingState.PLAYABLE, ""


def _shown_at(row: Recording, first_seen_at: datetime) -> datetime:
    """Where the newest-first lists put it; a wrong clock upstream shall not nail it to their top."""
    if row.recorded_at is None or "future_recorded_at" in row.flags:
        return first_seen_at
    return row.recorded_at
