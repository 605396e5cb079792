"""Check the nightly sample: draw recordings at random, inspect their files, and keep the results."""

from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.assurance.media import WINDOW, Inspection, inspect_media
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.custody.states import outcome_for
from recordings.days import latest
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import MediaCheck, MediaOutcome, Recording, RecordingState
from recordings.models.fields import uuid7
from recordings.storage import StorageOutcome, read_range
from recordings.wording import in_english

logger = structlog.get_logger("portal.assurance")

SHOWN = 100
FIRST_SAMPLE = "the first sample is drawn within ten minutes of the first recording"
HOUR = time(3, 10)
# A sample that was interrupted is finished within this; what was not reached by then was not drawn.
FINISHED_WITHIN = timedelta(hours=1)
# How far the length in the file may be from the one CommBox reports: it counts the call, the file its pictures.
SECONDS_APART, PERCENT_APART = 2, 2


@dataclass(frozen=True)
class MediaResult:
    """What a check came to."""

    outcome: MediaOutcome
    sentence: str
    inspection: Inspection | None = None
    size_bytes: int | None = None


def draw_sample(most: int) -> list[Recording]:
    """Draw so many recordings at random, each as likely as any other, of those that name a file to fetch and were not
    checked this night."""
    excluded = (RecordingState.NOT_PLAYABLE, RecordingState.VANISHED)
    left = Recording.objects.exclude(state__in=excluded).exclude(media_checks__checked_at__gte=latest(HOUR))
    ids = left.order_by("?").values_list("pk", flat=True)[:most]
    return list(Recording.objects.filter(pk__in=list(ids)).select_related("object"))


def sample_remaining() -> int:
    """Count what is left of this night's sample: a second run of the task, or one after a crash, only finishes it."""
    checked = MediaCheck.objects.filter(checked_at__gte=latest(HOUR)).order_by("checked_at")
    began_at = checked.values_list("checked_at", flat=True).first()
    if began_at is not None and timezone.now() - began_at > FINISHED_WITHIN:
        return 0
    return max(0, int(settings.ASSURANCE_SAMPLE) - checked.count())


def check_media(*, recording: Recording, by: Actor) -> MediaCheck:
    """Check a recording's file and keep the result; a failure is an event. Nothing leaves the server.

    Raises AuditUnavailable when a failure cannot be written into the trail.
    """
    result = _check_file(recording)
    inspection = result.inspection
    with transaction.atomic():
        row = MediaCheck.objects.create(
            recording=recording,
            checked_at=timezone.now(),
            outcome=result.outcome,
            sentence=result.sentence,
            container=inspection.container if inspection else "",
            measured_ms=inspection.duration_ms if inspection else None,
            reported_seconds=recording.duration_seconds,
            size_bytes=result.size_bytes,
        )
        if result.outcome == MediaOutcome.FAILS:
            logger.warning("media does not open", recording=str(recording.pk))
            record(
                Kind.MEDIA_FAILED,
                by=by,
                target=Target.of(recording),
                outcome=Outcome.ERROR,
                detail={"sentence": result.sentence},
            )
    return row


def _check_file(recording: Recording) -> MediaResult:
    """Fetch the ends of the file from storage, inspect them, and compare the length with CommBox's."""
    try:
        fresh = fresh_url(recording, uuid7(), interactive=False)
    except NoUrl as refusal:
        return MediaResult(MediaOutcome.CANNOT_TELL, str(refusal))
    answer = outcome_for(recording, fresh.answer, signed_by=fresh.signed_by, was_found=False)
    if not answer.gives_out:
        # What makes a state is a finding about the file; anything else says something about the moment.
        outcome = MediaOutcome.FAILS if answer.state else MediaOutcome.CANNOT_TELL
        return MediaResult(outcome, in_english(answer.sentence), size_bytes=fresh.answer.size_bytes)
    url = fresh.url
    head, tail = read_range(url, last=WINDOW - 1), read_range(url, suffix=WINDOW)
    for part in (head, tail):
        if part.outcome is not StorageOutcome.FOUND:
            outcome = MediaOutcome.FAILS if part.outcome.state else MediaOutcome.CANNOT_TELL
            return MediaResult(outcome, in_english(part.outcome.sentence), size_bytes=part.size_bytes)

    size = head.size_bytes or len(head.data)
    inspection = inspect_media(head.data, size)
    if (offset := inspection.more_at) is not None:
        tail_begins = size - len(tail.data)
        if offset >= tail_begins:
            inspection = inspect_media(head.data, size, (offset, tail.data[offset - tail_begins :]))
        else:
            # The index begins between head and tail: read it where the boxes say it is.
            between = read_range(url, first=offset, last=min(size, offset + WINDOW) - 1)
            if between.outcome is StorageOutcome.FOUND:
                inspection = inspect_media(head.data, size, (offset, between.data))
            else:
                inspection = Inspection(inspection.container, None, in_english(between.outcome.sentence))
    return MediaResult(*_compare_length(inspection, recording.duration_seconds), inspection, size)


def _compare_length(inspection: Inspection, reported: int | None) -> tuple[MediaOutcome, str]:
    if inspection.opens is None:
        return MediaOutcome.CANNOT_TELL, inspection.sentence
    if not inspection.opens:
        return MediaOutcome.FAILS, inspection.sentence
    if inspection.duration_ms is None:
        return MediaOutcome.OPENS, f"{inspection.sentence} The file does not say how long it is."
    if not reported:  # 0 says that CommBox did not know it
        return MediaOutcome.OPENS, f"{inspection.sentence} CommBox reports no length to compare with."
    measured = inspection.duration_ms / 1000
    if abs(measured - reported) > max(SECONDS_APART, reported * PERCENT_APART / 100):
        return MediaOutcome.FAILS, f"The file is {measured:.1f} s long; CommBox reports {reported} s."
    return MediaOutcome.OPENS, f"{inspection.sentence} It is as long as CommBox reports."


def outcomes_of_last_day() -> Counter[str]:
    """Count the checks of the last 24 hours by outcome."""
    since = timezone.now() - timedelta(days=1)
    outcomes = MediaCheck.objects.filter(checked_at__gt=since).values_list("outcome", flat=True)
    return Counter(outcomes)


def newest_checks() -> list[MediaCheck]:
    """The newest checks, failures first, the newest first among them."""
    rows = MediaCheck.objects.order_by("-checked_at").select_related("recording")[:SHOWN]
    return sorted(rows, key=lambda row: row.outcome != MediaOutcome.FAILS)
