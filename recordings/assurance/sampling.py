"""Check a nightly sample: draw recordings at random, inspect their files, and store the results."""

from collections import Counter
from dataclasses import dataclass
from datetime import time, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy, gettext_noop

from recordings.assurance.media import WINDOW, Inspection, inspect_media
from recordings.audit import Actor, Kind, Outcome, Target, record
from recordings.custody.states import outcome_for
from recordings.days import latest
from recordings.media_urls import NoUrl, fresh_url
from recordings.models import MediaCheck, MediaOutcome, Recording, RecordingState
from recordings.models.fields import uuid7
from recordings.reach import Reach
from recordings.storage import StorageOutcome, read_range
from recordings.wording import in_english

logger = structlog.get_logger("portal.assurance")

SHOWN = 100
FIRST_SAMPLE = gettext_lazy("the first sample is drawn within ten minutes of the first recording")
HOUR = time(3, 10)
# An interrupted sample is continued for so long. Recordings not reached by then are not sampled.
FINISHED_WITHIN = timedelta(hours=1)
# Allowed difference between the length in the file and the reported one: CommBox measures the call, the file its video.
SECONDS_APART, PERCENT_APART = 2, 2


NO_LENGTH = gettext_noop("The file does not state its length.")
NOTHING_TO_COMPARE = gettext_noop("CommBox reports no length to compare with.")
SAME_LENGTH = gettext_noop("Its length matches the reported length.")
# How `wording.stored` finds the message of a stored sentence with three numbers.
gettext_noop("The length of the file is %(n1)s.%(n2)s s; CommBox reports %(n3)s s.")


@dataclass(frozen=True)
class MediaResult:
    """The result of a check, with its sentence in English."""

    outcome: MediaOutcome
    sentence: str
    inspection: Inspection | None = None
    size_bytes: int | None = None


def draw_sample(most: int) -> list[Recording]:
    """Draw recordings at random, uniformly, among those with a playable address that were not checked tonight."""
    excluded = (RecordingState.NOT_PLAYABLE, RecordingState.VANISHED)
    left = Recording.objects.exclude(state__in=excluded).exclude(media_checks__checked_at__gte=latest(HOUR))
    ids = left.order_by("?").values_list("pk", flat=True)[:most]
    return list(Recording.objects.filter(pk__in=list(ids)).select_related("object"))


def sample_remaining() -> int:
    """Count what is left of tonight's sample, so that a second run of the task only completes it."""
    checked = MediaCheck.objects.filter(checked_at__gte=latest(HOUR)).order_by("checked_at")
    began_at = checked.values_list("checked_at", flat=True).first()
    if began_at is not None and timezone.now() - began_at > FINISHED_WITHIN:
        return 0
    return max(0, int(settings.ASSURANCE_SAMPLE) - checked.count())


def check_media(*, recording: Recording, by: Actor) -> MediaCheck:
    """Check a recording's file and store the result; a failure is an event. The file never leaves the server.

    Raises AuditUnavailable when a failure cannot be recorded.
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
        # An outcome with a state is about the file itself; any other may be temporary.
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
        return MediaOutcome.OPENS, f"{inspection.sentence} {NO_LENGTH}"
    if not reported:  # 0 means that CommBox did not know it
        return MediaOutcome.OPENS, f"{inspection.sentence} {NOTHING_TO_COMPARE}"
    measured = inspection.duration_ms / 1000
    if abs(measured - reported) > max(SECONDS_APART, reported * PERCENT_APART / 100):
        return (
            MediaOutcome.FAILS,
            f"The length of the file is {measured:.1f} s; CommBox reports {reported} s.",
        )
    return MediaOutcome.OPENS, f"{inspection.sentence} {SAME_LENGTH}"


def checks_in(reach: Reach) -> "QuerySet[MediaCheck]":
    """Return the checks of the recordings in this reach."""
    return MediaCheck.objects.filter(reach.q("recording__object__"))


def outcomes_of_last_day(reach: Reach) -> Counter[str]:
    """Count the checks of the last 24 hours in this reach by outcome."""
    since = timezone.now() - timedelta(days=1)
    return Counter(checks_in(reach).filter(checked_at__gt=since).values_list("outcome", flat=True))


def newest_checks(reach: Reach) -> list[MediaCheck]:
    """Return the newest checks in this reach: failures first, then newest first."""
    rows = checks_in(reach).order_by("-checked_at").select_related("recording")[:SHOWN]
    return sorted(rows, key=lambda row: row.outcome != MediaOutcome.FAILS)
