"""Look at a file in storage, keep what is new about it, and say in the trail when it is another one."""

from dataclasses import replace
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.custody.comparison import Comparison, FileState, compare
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import FileBadge, FileSighting, Recording
from recordings.models.fields import uuid7
from recordings.storage import Outcome as ProbeOutcome
from recordings.storage import digest, probe

logger = structlog.get_logger("portal.custody")

_FACTS = ("size_bytes", "etag", "last_modified", "version_id", "sha256")


def look_at_file(*, recording: Recording, by: Actor) -> Comparison:
    """Probe the file – one byte, a ranged GET – and read it whole where that tells more; keep and compare the result.

    Nothing leaves the server. Raises AuditUnavailable when a change cannot be written into the trail.
    """
    # 1. What storage showed of it before, what it shows now, and whether that is the same file.
    sightings = list(FileSighting.objects.filter(recording=recording).order_by("seen_at"))
    states = [FileState(True, "", **_facts(row)) for row in sightings if row.outcome == ProbeOutcome.FOUND]
    first, last = (states[0], states[-1]) if states else (None, None)
    outcome, now = _probe(recording, last)
    comparison = compare(first, now, recording.file_size_bytes)
    with transaction.atomic():
        # 2. A sighting is kept when it differs from the last one.
        facts = _facts(now)
        if not sightings or (sightings[-1].outcome, _facts(sightings[-1])) != (outcome, facts):
            FileSighting.objects.create(recording=recording, seen_at=timezone.now(), outcome=outcome, **facts)
        # 3. The row is locked: of two workers only one sees the badge change.
        row = Recording.objects.filter(pk=recording.pk)
        before = row.select_for_update(no_key=True).values_list("file_badge", flat=True).get()
        row.update(file_badge=comparison.badge, file_judged=comparison.sentence, file_seen_at=timezone.now())
        # 4. The first sighting is an event, and so is the first that differs from it.
        target = Target.of(recording)
        if first is None and now.found:
            record(Kind.FILE_IDENTIFIED, by=by, target=target, detail=_as_detail(now))
        if comparison.badge == FileBadge.DIFFERS and before != FileBadge.DIFFERS:
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
    return comparison


def _probe(recording: Recording, last: FileState | None) -> tuple[str, FileState]:
    """Ask storage for the file, and hash it unless storage describes it as last time. Returns outcome and state."""
    try:
        fresh = fresh_url(recording, uuid7(), interactive=False)
    except NoUrl as refusal:
        return refusal.code[:20], FileState(False, refusal.sentence)
    result = probe(fresh.url)
    if result.outcome is not ProbeOutcome.FOUND:
        return result.outcome.value, FileState(False, result.outcome.sentence)
    state = FileState(True, "", result.size_bytes, result.etag, result.last_modified, result.version_id)
    sha256 = last.sha256 if last is not None and last.headers == state.headers else ""
    # The installation says up to which length files are read whole.
    limit = settings.CUSTODY_HASH_MAX_BYTES
    if not sha256 and limit and (state.size_bytes or 0) <= limit:
        sha256 = digest(fresh.url, most_bytes=limit) or ""
    return result.outcome.value, replace(state, sha256=sha256)


def _facts(source: FileSighting | FileState) -> dict[str, Any]:
    return {name: getattr(source, name) for name in _FACTS}


def _as_detail(state: FileState) -> dict[str, int | str]:
    """The facts as an event has them: times as text, empty ones left out."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in _facts(state).items()
        if value not in (None, "")
    }
