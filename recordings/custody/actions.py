"""Look at a file in storage, keep what is new about it, and say in the trail when it is another one."""

from dataclasses import dataclass, replace
from datetime import datetime
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

logger = structlog.get_logger("portal.custody")

_FACTS = ("size_bytes", "etag", "last_modified", "version_id", "sha256")


class Reading(Enum):
    """Whether a file whose bytes are not known yet is read whole."""

    NOT = "not"  # nobody has been given it
    SOON = "soon"  # by the worker
    NOW = "now"


@dataclass(frozen=True)
class Look:
    """What a look at a file came to. `first` is the file as first seen, None before the first sighting."""

    outcome: StorageOutcome
    comparison: Comparison
    first: FileState | None


def look_at_file(*, recording: Recording, by: Actor) -> Comparison:
    """Ask storage for the file and keep what is new about it; read it whole once it was given out to somebody.

    Nothing leaves the server. Raises AuditUnavailable when a change cannot be written into the trail.
    """
    try:
        fresh = fresh_url(recording, uuid7(), interactive=False)
    except NoUrl as refusal:
        now = FileState(False, refusal.sentence)
        due_at = timezone.now() + LATER if refusal.again else None
        return _keep(recording, refusal.code[:20], now, due_at, by=by)[1]
    was_given_out = Viewing.objects.filter(recording=recording, url_issued_at__isnull=False).exists()
    reading = Reading.NOW if was_given_out else Reading.NOT
    return note_answer(recording=recording, fresh=fresh, by=by, reading=reading).comparison


def note_answer(*, recording: Recording, fresh: FreshUrl, by: Actor, reading: Reading) -> Look:
    """Keep what storage answered to a fresh URL: the sighting, the badge, the state, and when to look again.

    Raises AuditUnavailable when a change cannot be written into the trail.
    """
    # 1. What storage showed of the file before, and what it says now.
    sightings = _sightings_of(recording)
    states = _found_states(sightings)
    answer = fresh.answer
    outcome = outcome_for(recording, answer, signed_by=fresh.signed_by, was_found=bool(states))
    now = FileState(False, outcome.sentence)
    is_to_read = False
    if outcome is StorageOutcome.FOUND:
        now = FileState(True, "", answer.size_bytes, answer.etag, answer.last_modified, answer.version_id)
        # 2. The whole file is read once.
        limit = settings.CUSTODY_HASH_MAX_BYTES
        is_unread = not _known_hash(states, now) and 0 < limit >= (answer.size_bytes or 0)
        if is_unread and reading is Reading.NOW:
            now = replace(now, sha256=digest(fresh.url, most_bytes=limit) or "")
        is_to_read = is_unread and reading is Reading.SOON
    # 3. All of it is written in one transaction.
    due_at = next_look(outcome, _wrong_since(recording, outcome, sightings), is_to_read=is_to_read)
    first, comparison = _keep(recording, outcome, now, due_at, by=by)
    return Look(outcome, comparison, first)


def _keep(
    recording: Recording,
    outcome: StorageOutcome | str,
    now: FileState,
    due_at: datetime | None,
    *,
    by: Actor,
) -> tuple[FileState | None, Comparison]:
    """Write what was found out. Return the file as first seen before, and how it compares with it now."""
    with transaction.atomic():
        # 1. The row is locked before the sightings are read: of two looks at once only one is the first.
        row = Recording.objects.filter(pk=recording.pk)
        locked = row.select_for_update(no_key=True).only(
            *("state", "state_reason", "state_at", "vanished_at", "changed_at"), "file_badge"
        )
        before, sightings = locked.get(), _sightings_of(recording)
        # 2. A sighting is kept when it differs from the last one. While a file's headers stay, its hash does.
        states = _found_states(sightings)
        if now.found and not now.sha256:
            now = replace(now, sha256=_known_hash(states, now))
        first, facts = first_of(states), _facts(now)
        comparison = compare(first, now, recording.file_size_bytes)
        if not sightings or (sightings[-1].outcome, _facts(sightings[-1])) != (outcome, facts):
            FileSighting.objects.create(recording=recording, seen_at=timezone.now(), outcome=outcome, **facts)
        new: dict[str, Any] = {"file_due_at": due_at}
        said = outcome if isinstance(outcome, StorageOutcome) else None
        # 3. What passes, or is no fault of the file, takes nothing away from what is known of it.
        if now.found or (said is not None and said.state) or not before.file_badge:
            new |= {"file_badge": comparison.badge, "file_judged": comparison.sentence}
            new |= {"file_seen_at": timezone.now()}
        state, reason = state_after(before, said) if said else (before.state, before.state_reason)
        if state != before.state:
            new |= {"state": state, "state_reason": reason, "state_at": timezone.now()}
        row.update(**new)
        # 4. The first sighting is an event, and so is the first that differs from it.
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
        # By itself: an object's rows are locked before its recordings' elsewhere.
        with transaction.atomic():
            rebuild_docs([recording.object_id])
    return first, comparison


def _sightings_of(recording: Recording) -> list[FileSighting]:
    return list(FileSighting.objects.filter(recording=recording).order_by("seen_at", "pk"))


def _found_states(sightings: list[FileSighting]) -> list[FileState]:
    return [FileState(True, "", **_facts(row)) for row in sightings if row.outcome == StorageOutcome.FOUND]


def _wrong_since(recording: Recording, outcome: StorageOutcome, sightings: list[FileSighting]) -> datetime:
    """Since when the file is in the state of this outcome; if it has none, since when the file was not found."""
    if outcome.state:
        return recording.state_at if recording.state == outcome.state else timezone.now()
    unfound = list(takewhile(lambda row: row.outcome != StorageOutcome.FOUND, reversed(sightings)))
    return unfound[-1].seen_at if unfound else timezone.now()


def _known_hash(states: list[FileState], now: FileState) -> str:
    """The hash that the last sighting has, if storage still describes the file as then."""
    return states[-1].sha256 if states and states[-1].headers == now.headers else ""


def _facts(source: FileSighting | FileState) -> dict[str, Any]:
    return {name: getattr(source, name) for name in _FACTS}


def _as_detail(state: FileState) -> dict[str, int | str]:
    """The facts as an event has them: times as text, empty ones left out."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in _facts(state).items()
        if value not in (None, "")
    }
