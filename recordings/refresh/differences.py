"""Compare CommBox's response with the rows of one object, without the database.

Rows are plain mappings, as `values()` reads them. Usually nothing has changed, and `is_unchanged` needs only the
columns of COMPARED to see that: reading all columns takes twice as long.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from recordings.audit import Kind
from recordings.commbox import RecordingItem
from recordings.models import Recording, RecordingState
from recordings.storage import strip_query, version_of

Row = Mapping[str, Any]
# Returns the sentence that says why a URL cannot be played, or "" (storage.locate, given the allow-list).
RefusalOf = Callable[[str], str]
# Returns the time before which an absence must have been noticed to be marked, or None (absence.markable_before).
MarkableBefore = Callable[[datetime], datetime | None]

# A change of these is a custody event; any other column is only updated.
EVIDENCE = (
    "url",
    "recording_type",
    "duration_seconds",
    "file_size_bytes",
    "recorded_at",
    "activity_created_at",
    "actor_id",
)
# Stored as the reason of a changed recording; translated when it is shown.
CHANGED = {
    "url": gettext_noop("CommBox changed the address of the file."),
    "recording_type": gettext_noop("CommBox changed the type."),
    "duration_seconds": gettext_noop("CommBox changed the length."),
    "file_size_bytes": gettext_noop("CommBox changed the size."),
    "recorded_at": gettext_noop("CommBox changed the recorded time."),
    "activity_created_at": gettext_noop("CommBox changed the time at which the recording was reported."),
    "actor_id": gettext_noop("CommBox changed the agent."),
}
SEVERAL_CHANGED = gettext_noop("CommBox changed several values. The audit trail lists them.")
CHANGED_BEFORE = gettext_noop("CommBox once changed what it reports about this recording.")
# Only some shapes of CommBox's responses contain these. Their absence removes nothing, and their first value is not a
# change.
OPTIONAL = frozenset({"upstream_activity_id", "activity_created_at", "actor_id", "actor_name"})
# Every column that a response decides, and `changed_at`, on which the state depends.
COMPARED = (
    *("fingerprint", "upstream_activity_id", "recording_type", "url", "url_kind", "duration_seconds"),
    *("file_size_bytes", "recorded_at", "activity_created_at", "actor_id", "actor_name", "flags", "raw"),
    *("state", "state_reason", "changed_at", "missed_at", "vanished_at"),
)
VANISHED_REASON = gettext_noop("CommBox no longer reports this recording. The file may still exist.")
_USER_INFO = re.compile(r"(?<=://)[^/?#]*@")


@dataclass
class RecordingChange:
    """A recording to write, and its custody events with the evidence before and after."""

    recording: Recording
    is_new: bool = False
    kinds: list[Kind] = field(default_factory=list)
    before: dict[str, Any] = field(default_factory=dict)
    after: dict[str, Any] = field(default_factory=dict)


def changes_in(
    rows: Sequence[Row],
    items: Sequence[RecordingItem],
    *,
    object_id: int,
    now: datetime,
    refusal_of: RefusalOf,
    confirmed_at: datetime | None = None,
    complete: bool = True,
    markable_before: MarkableBefore = lambda now: now,
) -> list[RecordingChange]:
    """Return what the response changes; an empty list when it changes nothing. Rows have every column.

    `confirmed_at` is when the rows were last confirmed; a vanished recording keeps it. `complete` is false when part of
    the response could not be read: a missing recording may be in that part, so none counts as missing.
    """
    pairs, unmatched = _pairs(rows, items)
    changes: list[RecordingChange | None] = []
    for row, item in pairs:
        refusal = refusal_of(item.recording_url)
        if row is None:
            changes.append(_discovered(item, object_id, now, refusal))
        else:
            changes.append(_compared(row, item, now, refusal))
    missing = _missing_of(unmatched, complete)
    # Called at most once per object, and only when a recording was missing before.
    markable = markable_before(now) if any(row["missed_at"] for row in missing) else None
    changes += [_missed(row, now, confirmed_at, markable) for row in missing]
    return [change for change in changes if change is not None]


def is_unchanged(
    rows: Sequence[Row], items: Sequence[RecordingItem], *, refusal_of: RefusalOf, complete: bool = True
) -> bool:
    """Return whether nothing is missing, new or different. Rows need only the columns of COMPARED."""
    pairs, unmatched = _pairs(rows, items)
    return not _missing_of(unmatched, complete) and all(
        row is not None and _difference(row, item, refusal_of(item.recording_url)) is None
        for row, item in pairs
    )


def _missing_of(unmatched: Sequence[Row], complete: bool) -> list[Row]:
    return [row for row in unmatched if row["vanished_at"] is None] if complete else []


def facts_of(item: RecordingItem) -> dict[str, Any]:
    """Return the columns that an item fills. Removes the signature of its URL and a password in it."""
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
    rows: Sequence[Row], items: Sequence[RecordingItem]
) -> tuple[list[tuple[Row | None, RecordingItem]], list[Row]]:
    """Match each item with its row; return the pairs and the rows that no item matches.

    Equal fingerprints match. A fingerprint also changes when CommBox starts or stops sending activity ids, sends them
    in one shape of its responses only, or sends one id with two files. Then the file and its time decide, unless both
    sides have activity ids that differ; and last the activity's id, where it names exactly one row and one item.
    """
    unmatched = {row["fingerprint"]: row for row in rows}
    matches = {item.fingerprint: unmatched.pop(item.fingerprint, None) for item in items}
    _match_by_file(unmatched, matches, [item for item in items if matches[item.fingerprint] is None])
    _match_by_activity(unmatched, matches, [item for item in items if matches[item.fingerprint] is None])
    return [(matches[item.fingerprint], item) for item in items], list(unmatched.values())


def _match_by_file(
    unmatched: dict[str, Row], matches: dict[str, Row | None], strangers: Sequence[RecordingItem]
) -> None:
    """Match by file and time, unless both sides have activity ids that differ."""
    rows = defaultdict(list)
    for row in unmatched.values():
        rows[row["url"], row["recorded_at"]].append(row)
    for item in strangers:
        url = facts_of(item)["url"]
        for row in rows[url, item.recorded_at] if url else ():
            ids = {row["upstream_activity_id"], item.upstream_activity_id or ""} - {""}
            if row["fingerprint"] in unmatched and len(ids) < 2:
                matches[item.fingerprint] = unmatched.pop(row["fingerprint"])
                break


def _match_by_activity(
    unmatched: dict[str, Row], matches: dict[str, Row | None], strangers: Sequence[RecordingItem]
) -> None:
    """Match by activity and version of the file, where they name exactly one row and one item."""
    rows = defaultdict(list)
    for row in unmatched.values():
        rows[row["upstream_activity_id"], version_of(row["url"])].append(row)
    activities = [
        (item.upstream_activity_id or "", version_of(item.recording_url), item.fingerprint)
        for item in strangers
    ]
    claims = Counter((activity, version) for activity, version, _ in activities)
    for activity, version, fingerprint in activities:
        if activity and len(rows[activity, version]) == claims[activity, version] == 1:
            matches[fingerprint] = unmatched.pop(rows[activity, version][0]["fingerprint"])


def _discovered(item: RecordingItem, object_id: int, now: datetime, refusal: str) -> RecordingChange:
    facts = facts_of(item)
    recording = Recording(
        object_id=object_id,
        **facts,
        state=RecordingState.NOT_PLAYABLE if refusal else RecordingState.PLAYABLE,
        state_reason=refusal,
        state_at=now,
        first_seen_at=now,
        confirmed_at=now,
        shown_at=_shown_at(facts, now),
    )
    kinds = [Kind.RECORDING_DISCOVERED] + [Kind.RECORDING_UNPLAYABLE] * bool(refusal)
    return RecordingChange(recording, is_new=True, kinds=kinds)


def _difference(row: Row, item: RecordingItem, refusal: str) -> tuple[dict[str, Any], list[str]] | None:
    """Compare every column that a response decides; None when all are equal.

    Otherwise return their new values, and which of EVIDENCE changed.
    """
    new = facts_of(item)
    new |= {name: row[name] for name in OPTIONAL if not new[name]}
    changed = [name for name in EVIDENCE if row[name] != new[name] and (row[name] or name not in OPTIONAL)]
    new["state"], new["state_reason"] = _state(row, refusal, changed)
    new["missed_at"] = new["vanished_at"] = None
    return None if all(row[name] == value for name, value in new.items()) else (new, changed)


def _compared(row: Row, item: RecordingItem, now: datetime, refusal: str) -> RecordingChange | None:
    difference = _difference(row, item, refusal)
    if difference is None:
        return None
    new, changed = difference
    kinds = []
    if row["vanished_at"] is not None:
        kinds.append(Kind.RECORDING_REAPPEARED)
    if changed:
        kinds.append(Kind.RECORDING_CHANGED)
    if new["state"] == RecordingState.NOT_PLAYABLE != row["state"]:
        kinds.append(Kind.RECORDING_UNPLAYABLE)
    before, after = {name: row[name] for name in changed}, {name: new[name] for name in changed}
    if changed:
        new["changed_at"] = now
    if (new["state"], new["state_reason"]) != (row["state"], row["state_reason"]):
        new["state_at"] = now
    new["confirmed_at"], new["shown_at"] = now, _shown_at(new, row["first_seen_at"])
    return RecordingChange(Recording(**{**row, **new}), kinds=kinds, before=before, after=after)


def _missed(
    row: Row, now: datetime, confirmed_at: datetime | None, markable_before: datetime | None
) -> RecordingChange | None:
    """Store the time of a first absence; at a later one mark the recording as vanished, as of that time."""
    missed_at = row["missed_at"]
    if missed_at is None:
        new = {"missed_at": now, "confirmed_at": confirmed_at or row["confirmed_at"]}
        return RecordingChange(Recording(**{**row, **new}))
    if markable_before is None or missed_at > markable_before:
        return None
    new = {"state": RecordingState.VANISHED, "state_reason": VANISHED_REASON}
    new |= {"vanished_at": missed_at, "state_at": missed_at}
    return RecordingChange(Recording(**{**row, **new}), kinds=[Kind.RECORDING_VANISHED])


def _state(row: Row, refusal: str, changed: Sequence[str]) -> tuple[str, str]:
    """Return the state that follows from the response, and its reason in English."""
    if refusal:
        return RecordingState.NOT_PLAYABLE, refusal
    if changed:
        return RecordingState.CHANGED, CHANGED[changed[0]] if len(changed) == 1 else SEVERAL_CHANGED
    if row["state"] not in (RecordingState.NOT_PLAYABLE, RecordingState.VANISHED):
        return row["state"], row["state_reason"]
    if row["changed_at"] is not None:
        return RecordingState.CHANGED, CHANGED_BEFORE
    return RecordingState.PLAYABLE, ""


def _shown_at(facts: Row, first_seen_at: datetime) -> datetime:
    """Return the time that lists sort by. A time in the future must not keep a recording at their top forever."""
    if facts["recorded_at"] is None or "future_recorded_at" in facts["flags"]:
        return first_seen_at
    recorded_at: datetime = facts["recorded_at"]
    return recorded_at
