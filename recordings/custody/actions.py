"""Look at a file in storage, keep what is new about it, and say in the trail when it is another one."""

from dataclasses import replace
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.custody.comparison import Judgement, Seen, judge
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import FileBadge, FileSighting, Recording
from recordings.models.fields import uuid7
from recordings.storage import Outcome as Found
from recordings.storage import digest, probe

logger = structlog.get_logger("portal.custody")

_COLUMNS = ("size_bytes", "etag", "last_modified", "version_id", "sha256")


def look_at_file(*, recording: Recording, by: Actor) -> Judgement:
    """Probe the file – one byte, a ranged GET – and read it whole where that tells more; keep and judge what was seen.

    Nothing leaves the server. Raises AuditUnavailable when a change cannot be written into the trail.
    """
    sightings = list(FileSighting.objects.filter(recording=recording).order_by("seen_at"))
    found = [row for row in sightings if row.outcome == Found.FOUND]
    outcome, seen = _look(recording, _seen(found[-1]) if found else None)
    first = _seen(found[0]) if found else None
    judgement = judge(first, seen, recording.file_size_bytes)
    with transaction.atomic():
        if not sightings or (sightings[-1].outcome, *_facts(sightings[-1])) != (outcome, *_seen_facts(seen)):
            _keep(recording, outcome, seen)
        _judge(recording, judgement, first, seen, by)
    return judgement


def _look(recording: Recording, last: Seen | None) -> tuple[str, Seen]:
    try:
        fresh = fresh_url(recording, uuid7(), interactive=False)
    except NoUrl as refusal:
        return refusal.code[:20], Seen(False, refusal.sentence)
    result = probe(fresh.url)
    if result.outcome is not Found.FOUND:
        return result.outcome.value, Seen(False, result.outcome.sentence)
    seen = Seen(True, "", result.size_bytes, result.etag, result.last_modified, result.version_id)
    known = last.sha256 if last is not None and last.looks == seen.looks else ""
    return result.outcome.value, replace(seen, sha256=known or _hash(fresh.url, seen))


def _hash(url: str, seen: Seen) -> str:
    """The SHA-256 of the whole file, unless it is longer than what the installation wants read."""
    limit = settings.CUSTODY_HASH_MAX_BYTES
    if not limit or (seen.size_bytes or 0) > limit:
        return ""
    return digest(url, most_bytes=limit) or ""


def _keep(recording: Recording, outcome: str, seen: Seen) -> None:
    values = dict(zip(_COLUMNS, _seen_facts(seen), strict=True))
    FileSighting.objects.create(recording=recording, seen_at=timezone.now(), outcome=outcome, **values)


def _judge(recording: Recording, judgement: Judgement, first: Seen | None, seen: Seen, by: Actor) -> None:
    was = (
        Recording.objects.select_for_update(no_key=True)
        .values_list("file_badge", flat=True)
        .get(pk=recording.pk)
    )
    Recording.objects.filter(pk=recording.pk).update(
        file_badge=judgement.badge, file_judged=judgement.sentence, file_seen_at=timezone.now()
    )
    target = Target.of(recording)
    if first is None and seen.found:
        record(Kind.FILE_IDENTIFIED, by=by, target=target, detail=_told(seen))
    if judgement.badge == FileBadge.DIFFERS and was != FileBadge.DIFFERS:
        logger.warning("file differs", recording=str(recording.pk))
        change = (_told(first) if first else _reported(recording), _told(seen))
        detail = {"sentence": judgement.sentence}
        record(Kind.FILE_DIFFERS, by=by, target=target, outcome=Outcome.ERROR, change=change, detail=detail)


def _told(seen: Seen) -> dict[str, int | str]:
    facts = dict(zip(_COLUMNS, _seen_facts(seen), strict=True))
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in facts.items()
        if value not in (None, "")
    }


def _reported(recording: Recording) -> dict[str, int | str]:
    return {"size_bytes": recording.file_size_bytes or 0}


def _seen(row: FileSighting) -> Seen:
    return Seen(row.outcome == Found.FOUND, "", *_facts(row))


def _facts(row: FileSighting) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _COLUMNS)


def _seen_facts(seen: Seen) -> tuple[Any, ...]:
    return tuple(getattr(seen, name) for name in _COLUMNS)
