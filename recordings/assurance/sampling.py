"""The nightly sample: recordings drawn at random, their files looked into, and what was found of them kept."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.assurance.media import WINDOW, Look, look
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import MediaCheck, MediaOutcome, Recording, RecordingState
from recordings.models.fields import uuid7
from recordings.storage import Outcome as Found
from recordings.storage import RangeResult, read_range

logger = structlog.get_logger("portal.assurance")

SHOWN = 100
NIGHT = timedelta(hours=20)
# How far the length in the file may be from the one CommBox reports: it counts the call, the file its pictures.
SECONDS_APART, PERCENT_APART = 2, 2
# What storage says that is a finding about the file; anything else says something about the moment.
_GONE = (Found.MISSING, Found.EMPTY, Found.DENIED, Found.MOVED)


@dataclass(frozen=True)
class Verdict:
    """What one look came to."""

    outcome: MediaOutcome
    sentence: str
    look: Look | None = None
    size_bytes: int | None = None


def draw(most: int) -> list[Recording]:
    """So many recordings at random, each as likely as any other, of those that name a place to fetch from."""
    left_out = (RecordingState.NOT_PLAYABLE, RecordingState.VANISHED)
    ids = Recording.objects.exclude(state__in=left_out).order_by("?").values_list("pk", flat=True)[:most]
    return list(Recording.objects.filter(pk__in=list(ids)).select_related("object"))


def still_to_do() -> int:
    """How many of this night's sample are left: a second run of the task, or one after a crash, only finishes it."""
    done = MediaCheck.objects.filter(checked_at__gt=timezone.now() - NIGHT).count()
    return max(0, int(settings.ASSURANCE_SAMPLE) - done)


def check_media(*, recording: Recording, by: Actor) -> MediaCheck:
    """Look into a recording's file and keep what was found; a failure is an event. Nothing leaves the server.

    Raises AuditUnavailable when a failure cannot be written into the trail.
    """
    verdict = _verdict(recording)
    found = verdict.look
    with transaction.atomic():
        row = MediaCheck.objects.create(
            recording=recording,
            checked_at=timezone.now(),
            outcome=verdict.outcome,
            sentence=verdict.sentence,
            container=found.container if found else "",
            measured_ms=found.duration_ms if found else None,
            reported_seconds=recording.duration_seconds,
            size_bytes=verdict.size_bytes,
        )
        if verdict.outcome == MediaOutcome.FAILS:
            logger.warning("media does not open", recording=str(recording.pk))
            record(
                Kind.MEDIA_FAILED,
                by=by,
                target=Target.of(recording),
                outcome=Outcome.ERROR,
                detail={"sentence": verdict.sentence},
            )
    return row


def _verdict(recording: Recording) -> Verdict:
    try:
        url = fresh_url(recording, uuid7(), interactive=False).url
    except NoUrl as refusal:
        return Verdict(MediaOutcome.CANNOT_TELL, refusal.sentence)
    head, tail = read_range(url, last=WINDOW - 1), read_range(url, suffix=WINDOW)
    for part in (head, tail):
        if part.outcome is not Found.FOUND:
            outcome = MediaOutcome.FAILS if part.outcome in _GONE else MediaOutcome.CANNOT_TELL
            return Verdict(outcome, part.outcome.sentence, size_bytes=part.size_bytes)
    size = head.size_bytes or len(head.data)
    seen = _look(url, head, tail, size)
    return Verdict(*_compare(seen, recording.duration_seconds), seen, size)


def _look(url: str, head: RangeResult, tail: RangeResult, size: int) -> Look:
    """Judge by head and tail; an index that begins between them is read where the boxes say it is."""
    seen = look(head.data, size)
    if seen.more_at is None:
        return seen
    begins = size - len(tail.data)
    if seen.more_at >= begins:
        return look(head.data, size, (seen.more_at, tail.data[seen.more_at - begins :]))
    between = read_range(url, first=seen.more_at, last=min(size, seen.more_at + WINDOW) - 1)
    if between.outcome is not Found.FOUND:
        return Look(seen.container, None, between.outcome.sentence)
    return look(head.data, size, (seen.more_at, between.data))


def _compare(seen: Look, reported: int | None) -> tuple[MediaOutcome, str]:
    if seen.opens is None:
        return MediaOutcome.CANNOT_TELL, seen.sentence
    if not seen.opens:
        return MediaOutcome.FAILS, seen.sentence
    if seen.duration_ms is None:
        return MediaOutcome.OPENS, f"{seen.sentence} The file does not say how long it is."
    if reported is None:
        return MediaOutcome.OPENS, f"{seen.sentence} CommBox reports no length to compare with."
    measured = seen.duration_ms / 1000
    if abs(measured - reported) > max(SECONDS_APART, reported * PERCENT_APART / 100):
        return MediaOutcome.FAILS, f"The file is {measured:.1f} s long; CommBox reports {reported} s."
    return MediaOutcome.OPENS, f"{seen.sentence} It is as long as CommBox reports."


def night() -> Counter[str]:
    """How the looks of the last 24 hours ended, by outcome."""
    since = timezone.now() - timedelta(days=1)
    outcomes = MediaCheck.objects.filter(checked_at__gt=since).values_list("outcome", flat=True)
    return Counter(outcomes)


def newest_checks() -> list[MediaCheck]:
    """The looks of late, failures first, the newest first among them."""
    rows = MediaCheck.objects.order_by("-checked_at").select_related("recording")[:SHOWN]
    return sorted(rows, key=lambda row: row.outcome != MediaOutcome.FAILS)
