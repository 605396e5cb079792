"""The one door: refresh what we hold of an object's recordings. Every road ends here."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, AuditUnavailable, Kind, Target, record
from recordings.catalog.docs import rebuild_docs
from recordings.commbox import CommBoxError, Parsed, RecordingItem
from recordings.commbox.assembly import client
from recordings.exceptions import UnknownObject
from recordings.models import CommBoxObject, Recording, Stream
from recordings.refresh import absence, problems, schedule, source
from recordings.refresh.custody import record_custody
from recordings.refresh.differences import Step, steps_for
from recordings.storage import NotPlayable, locate

logger = structlog.get_logger("portal.refresh")

_WRITTEN = (
    *("fingerprint", "upstream_activity_id", "recording_type", "url", "url_kind", "duration_seconds"),
    *("file_size_bytes", "recorded_at", "activity_created_at", "actor_id", "actor_name", "flags", "raw"),
    *(
        "state",
        "state_reason",
        "state_at",
        "confirmed_at",
        "changed_at",
        "missed_at",
        "vanished_at",
        "shown_at",
    ),
)
_BATCH = 500


@dataclass(frozen=True)
class RefreshOutcome:
    """How a refresh went: what happened to how many recordings, or the sentence that says why nothing did."""

    object_id: int
    events: Counter[Kind] = field(default_factory=Counter)
    problems: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


def refresh_object(*, object_id: int, by: Actor) -> RefreshOutcome:
    """Ask CommBox for the recordings of one object and bring the cache up to its answer.

    Only a well-formed success answer changes anything; a failure is noted beside what we hold. Raises
    UnknownObject when the catalog has no such object.
    """
    if not CommBoxObject.objects.filter(pk=object_id).exists():
        raise UnknownObject
    asked_at = timezone.now()
    try:
        answer = client().recordings(object_id)
    except CommBoxError as error:
        source.heard(error)
        return _could_not_ask(object_id, error)
    source.heard()
    try:
        return _store(object_id, answer, asked_at, by)
    except AuditUnavailable as error:
        return _failed(object_id, error.sentence)


def request_refresh(*, object_id: int, by: Actor) -> None:
    """A person asks for a refresh: an event, and the object is due at once. Raises UnknownObject."""
    with transaction.atomic():
        thing = CommBoxObject.objects.filter(pk=object_id).first()
        if thing is None:
            raise UnknownObject
        record(Kind.REFRESH_REQUESTED, by=by, target=Target.of(thing))
        mark_due(object_id)


def request_listing(*, stream_id: int, by: Actor) -> Stream:
    """A person asks for a channel's objects: an event, and the channel is due at once. Raises UnknownObject."""
    with transaction.atomic():
        stream = Stream.objects.filter(pk=stream_id).first()
        if stream is None:
            raise UnknownObject
        record(Kind.REFRESH_REQUESTED, by=by, target=Target("channel", f"channel:{stream_id}", str(stream)))
        Stream.objects.filter(pk=stream_id).update(list_due_at=timezone.now())
    return stream


def mark_due(object_id: int) -> bool:
    """Put the object into the queue; False when the catalog has no such object."""
    due = CommBoxObject.objects.filter(pk=object_id)
    return due.update(refresh_due_at=timezone.now(), refresh_deaths=0) == 1


@transaction.atomic
def _store(object_id: int, answer: Parsed[RecordingItem], asked_at: datetime, by: Actor) -> RefreshOutcome:
    thing = CommBoxObject.objects.select_for_update(no_key=True).get(pk=object_id)
    if thing.refreshed_at is not None and thing.refreshed_at >= asked_at:
        return RefreshOutcome(object_id)  # somebody asked later than we did and has stored that answer
    steps = steps_for(
        list(Recording.objects.filter(object=thing)),
        answer.items,
        object_id=object_id,
        now=timezone.now(),
        why_not=_why_not,
        confirmed_at=thing.refreshed_at,
        whole=not answer.problems,
        settled_before=absence.settled_before,
    )
    _write(steps)
    record_custody(steps, of=thing, by=by)
    problems.note(answer.problems, object_id=object_id)
    if steps or thing.refreshed_at is None:
        rebuild_docs([object_id])
    missing = any(step.recording.missed_at and not step.recording.vanished_at for step in steps)
    _confirm(thing, asked_at, look_again_in=absence.SECOND_LOOK if missing else None)
    if missing:
        absence.watch()
    return _told(object_id, steps, len(answer.problems))


def _why_not(url: str) -> str:
    """The sentence that says why a URL is not played, or nothing. Looks at the text only: nothing is connected to."""
    try:
        locate(url, settings.RECORDING_BUCKETS)
    except NotPlayable as refusal:
        return refusal.reason.sentence
    return ""


def _write(steps: Iterable[Step]) -> None:
    new = [step.recording for step in steps if step.is_new]
    other = [step.recording for step in steps if not step.is_new]
    Recording.objects.bulk_create(new, batch_size=_BATCH)
    Recording.objects.bulk_update(other, _WRITTEN, batch_size=_BATCH)


def _confirm(thing: CommBoxObject, asked_at: datetime, look_again_in: timedelta | None) -> None:
    """Note what was confirmed, as of when it was asked, and when to look again."""
    now = timezone.now()
    pause = schedule.look_again_after(thing, now)
    due_at = now + schedule.spread(min(pause, look_again_in or pause))
    if thing.refresh_due_at is not None and asked_at < thing.refresh_due_at <= now:
        due_at = (
            thing.refresh_due_at
        )  # somebody asked for it while we were under way: our answer may be too old
    CommBoxObject.objects.filter(pk=thing.pk).update(
        refreshed_at=asked_at,
        refresh_due_at=due_at,
        refresh_leased_until=None,
        refresh_attempts=0,
        refresh_deaths=0,
        refresh_error="",
        refresh_error_at=None,
    )


def _could_not_ask(object_id: int, error: CommBoxError) -> RefreshOutcome:
    logger.warning(
        "object not refreshed",
        object_id=object_id,
        failure=source.code_of(error),
        upstream_status=error.status,
        upstream_request_id=error.request_id,
    )
    return _failed(object_id, error.sentence, error)


@transaction.atomic
def _failed(object_id: int, sentence: str, error: CommBoxError | None = None) -> RefreshOutcome:
    now = timezone.now()
    thing = CommBoxObject.objects.select_for_update(no_key=True).get(pk=object_id)
    attempts = thing.refresh_attempts + 1
    pause = schedule.retry_after(error, attempts)
    CommBoxObject.objects.filter(pk=object_id).update(
        refresh_due_at=now + schedule.spread(pause),
        refresh_leased_until=None,
        refresh_attempts=attempts,
        refresh_deaths=0,
        refresh_error=sentence,
        refresh_error_at=now,
    )
    return RefreshOutcome(object_id, error=sentence)


def _told(object_id: int, steps: Iterable[Step], unreadable: int) -> RefreshOutcome:
    events = Counter(kind for step in steps for kind in step.kinds)
    if events or unreadable:
        counts = {kind.value: number for kind, number in events.items()}
        logger.info("object refreshed", object_id=object_id, events=counts, problems=unreadable)
    return RefreshOutcome(object_id, events, unreadable)
