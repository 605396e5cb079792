"""Check a file in storage, store what is new about it, and record in the trail when the file is a different one."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import takewhile
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.catalog.search_documents import rebuild_docs
from recordings.custody.comparison import Comparison, FileState, compare, first_of
from recordings.custody.due import LATER, next_look
from recordings.custody.states import outcome_for, state_after
from recordings.media_urls import FreshUrl, NoUrl, fresh_url
from recordings.models import FileBadge, FileSighting, Recording, Viewing
from recordings.models.fields import uuid7
from recordings.storage import StorageOutcome, digest
from recordings.wording import in_english

logger = structlog.get_logger("portal.custody")

SEEN_AGAIN = timedelta(minutes=1)
# Written out, because every press of play reads them.
_SIGHTINGS = "SELECT * FROM recordings_filesighting WHERE recording_id = %s ORDER BY seen_at, id"
_FACTS = ("size_bytes", "etag", "last_modified", "version_id", "sha256")


class Reading(Enum):
    """Whether a file without a known hash is read whole."""

    NOT = "not"  # nobody has played it
    SOON = "soon"  # by the worker
    NOW = "now"


@dataclass(frozen=True)
class Look:
    """The result of checking a file. `first` is the file as first seen, None before the first sighting."""

    outcome: StorageOutcome
    comparison: Comparison
    first: FileState | None


def look_at_file(*, recording: Recording, by: Actor) -> Comparison:
    """Request the file from storage and store what is new about it. Read the whole file if somebody played it.

    Nothing leaves the server. Raises AuditUnavailable when a change cannot be written to the trail.
    """
    try:
        fresh = fresh_url(recording, uuid7(), interactive=False)
    except NoUrl as refusal:
        now = FileState(False, str(refusal))
        due_at = timezone.now() + LATER if refusal.again else None
        return _keep(recording, refusal.code[:20], now, due_at, by=by)[1]
    was_given_out = Viewing.objects.filter(recording=recording, url_issued_at__isnull=False).exists()
    reading = Reading.NOW if was_given_out else Reading.NOT
    return note_answer(recording=recording, fresh=fresh, by=by, reading=reading).comparison


def note_answer(*, recording: Recording, fresh: FreshUrl, by: Actor, reading: Reading) -> Look:
    """Store storage's answer to a fresh URL: the sighting, the badge, the state, and when to check again.

    Raises AuditUnavailable when a change cannot be written to the trail.
    """
    # 1. Compare storage's earlier answers with this one.
    sightings = _sightings_of(recording)
    states = _found_states(sightings)
    answer = fresh.answer
    outcome = outcome_for(recording, answer, signed_by=fresh.signed_by, was_found=bool(states))
    now = FileState(False, in_english(outcome.sentence))
    is_to_read = False
    if outcome is StorageOutcome.FOUND:
        now = FileState(True, "", answer.size_bytes, answer.etag, answer.last_modified, answer.version_id)
        # 2. Read the whole file once.
        limit = settings.CUSTODY_HASH_MAX_BYTES
        now = replace(now, sha256=_known_hash(states, now))
        is_unread = not now.sha256 and 0 < limit >= (answer.size_bytes or 0)
        if is_unread and reading is Reading.NOW:
            now = replace(now, sha256=digest(fresh.url, most_bytes=limit) or "")
        is_to_read = is_unread and reading is Reading.SOON
    due_at = next_look(outcome, _wrong_since(recording, outcome, sightings), is_to_read=is_to_read)
    # 3. Most looks find the file unchanged: write only when it was seen and when it is due, once a minute.
    first, comparison = first_of(states), compare(first_of(states), now, recording.file_size_bytes)
    if _is_as_before(recording, sightings, outcome, now, comparison):
        seen_at, is_queued = timezone.now(), (recording.file_due_at is None) == (due_at is None)
        if not is_queued or seen_at - (recording.file_seen_at or recording.first_seen_at) > SEEN_AGAIN:
            times = {"file_due_at": due_at, "file_seen_at": seen_at}
            Recording.objects.filter(pk=recording.pk).update(**times)
            recording.file_due_at, recording.file_seen_at = due_at, seen_at
    else:
        # 4. Write everything else in one transaction.
        first, comparison = _keep(recording, outcome, now, due_at, by=by)
    return Look(outcome, comparison, first)


def _is_as_before(
    recording: Recording,
    sightings: list[FileSighting],
    outcome: StorageOutcome,
    now: FileState,
    comparison: Comparison,
) -> bool:
    """Whether storage gave the file out as in the last sighting, and nothing else would be written about it."""
    if not now.found or not sightings or sightings[-1].outcome != outcome:
        return False
    judged = (recording.file_badge, recording.file_judged, recording.state)
    return _facts(sightings[-1]) == _facts(now) and judged == (
        comparison.badge,
        comparison.sentence,
        state_after(recording, outcome)[0],
    )


def _keep(
    recording: Recording,
    outcome: StorageOutcome | str,
    now: FileState,
    due_at: datetime | None,
    *,
    by: Actor,
) -> tuple[FileState | None, Comparison]:
    """Write the result. Return the file as first seen (None before this) and the comparison with it."""
    with transaction.atomic():
        # 1. Lock the row before reading the sightings: of two checks at once, only one is the first.
        row = Recording.objects.filter(pk=recording.pk)
        locked = row.select_for_update(no_key=True).only(
            *("state", "state_reason", "state_at", "vanished_at", "changed_at"), "file_badge"
        )
        before, sightings = locked.get(), _sightings_of(recording)
        # 2. Store a sighting when it differs from the last one. While the headers are the same, so is the hash.
        states = _found_states(sightings)
        if now.found and not now.sha256:
            now = replace(now, sha256=_known_hash(states, now))
        first, facts = first_of(states), _facts(now)
        comparison = compare(first, now, recording.file_size_bytes)
        if not sightings or (sightings[-1].outcome, _facts(sightings[-1])) != (outcome, facts):
            FileSighting.objects.create(recording=recording, seen_at=timezone.now(), outcome=outcome, **facts)
        new: dict[str, Any] = {"file_due_at": due_at}
        answered = outcome if isinstance(outcome, StorageOutcome) else None
        # 3. An outcome that is temporary, or not about the file, does not replace what is known about the file.
        if now.found or (answered is not None and answered.state) or not before.file_badge:
            new |= {"file_badge": comparison.badge, "file_judged": comparison.sentence}
            new |= {"file_seen_at": timezone.now()}
        state, reason = state_after(before, answered) if answered else (before.state, before.state_reason)
        if state != before.state:
            new |= {"state": state, "state_reason": reason, "state_at": timezone.now()}
        row.update(**new)
        # 4. Record the first sighting, and the first one that differs from it.
        target = Target.of(recording)
        if first is None and now.found:
            record(Kind.FILE_IDENTIFIED, by=by, target=target, detail=_as_detail(now))
        if comparison.badge == FileBadge.DIFFERS and before.file_badge != FileBadge.DIFFERS:
            logger.warning("file differs", recording=str(recording.pk))
            was = _as_detail(first) if first else {"size_bytes": recording.file_size_bytes or 0}
            record(
                Kind.FILE_DIFFERS,
                by=by,
                target=target,
                outcome=Outcome.ERROR,
                change=(was, _as_detail(now)),
                detail={"sentence": comparison.sentence},
            )
    for name, value in new.items():
        setattr(recording, name, value)
    if "state" in new:
        # In its own transaction: elsewhere an object's rows are locked before its recordings'.
        with transaction.atomic():
            rebuild_docs([recording.object_id])
    return first, comparison


def _sightings_of(recording: Recording) -> list[FileSighting]:
    return list(FileSighting.objects.raw(_SIGHTINGS, [recording.pk]))


def _found_states(sightings: list[FileSighting]) -> list[FileState]:
    return [FileState(True, "", **_facts(row)) for row in sightings if row.outcome == StorageOutcome.FOUND]


def _wrong_since(recording: Recording, outcome: StorageOutcome, sightings: list[FileSighting]) -> datetime:
    """Return since when the file has had the outcome's state, or, when the outcome has none, has not been found."""
    if outcome.state:
        return recording.state_at if recording.state == outcome.state else timezone.now()
    unfound = list(takewhile(lambda row: row.outcome != StorageOutcome.FOUND, reversed(sightings)))
    return unfound[-1].seen_at if unfound else timezone.now()


def _known_hash(states: list[FileState], now: FileState) -> str:
    """Return the hash of the last sighting if storage still describes the file in the same way, else an empty text."""
    return states[-1].sha256 if states and states[-1].headers == now.headers else ""


def _facts(source: FileSighting | FileState) -> dict[str, Any]:
    return {name: getattr(source, name) for name in _FACTS}


def _as_detail(state: FileState) -> dict[str, int | str]:
    """Return the facts for an event: times as text, without empty values."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in _facts(state).items()
        if value not in (None, "")
    }
