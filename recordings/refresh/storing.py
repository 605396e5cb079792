"""Bring what we hold of an object up to an answer, in batches that each stand.

Ten thousand recordings of one object are twenty transactions, not one (F09). Whoever is killed between two of them
loses nothing: the next refresh finds what is written equal, and goes on with the rest.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone

from recordings.audit import Actor, Kind
from recordings.catalog.docs import rebuild_docs
from recordings.commbox import Parsed, RecordingItem
from recordings.models import CommBoxObject, Recording
from recordings.refresh import absence, problems, schedule
from recordings.refresh.custody import record_custody
from recordings.refresh.differences import Step, steps_for
from recordings.refresh.queue import queue_pressure
from recordings.storage import NotPlayable, locate

logger = structlog.get_logger("portal.refresh")

BATCH = 500
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


def store(object_id: int, answer: Parsed[RecordingItem], asked_at: datetime, by: Actor) -> RefreshOutcome:
    """Write what differs, with its custody events. Raises AuditUnavailable when the trail cannot be written."""
    if len(answer.items) <= BATCH:  # nearly always: one transaction
        with transaction.atomic():
            _take_turn("pg_advisory_xact_lock", object_id)
            return _store(object_id, answer, asked_at, by)
    with _alone_with(object_id):
        return _store(object_id, answer, asked_at, by)


def _store(object_id: int, answer: Parsed[RecordingItem], asked_at: datetime, by: Actor) -> RefreshOutcome:
    thing = CommBoxObject.objects.get(pk=object_id)
    if thing.refreshed_at is not None and thing.refreshed_at >= asked_at:
        return RefreshOutcome(object_id)  # somebody asked later than we did and has stored that answer
    steps = _steps(thing, answer)
    rest = _all_but_the_last(thing, steps, by)
    with transaction.atomic(savepoint=len(answer.items) > BATCH):  # else the caller's transaction is this one
        _write(thing, rest, by)
        _finish(thing, steps, answer, asked_at)
    return _told(object_id, steps, len(answer.problems))


@contextmanager
def _alone_with(object_id: int) -> Iterator[None]:
    """One refresh of an object at a time, whatever transactions it takes; a process that dies lets go."""
    _take_turn("pg_advisory_lock", object_id)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            _take_turn("pg_advisory_unlock", object_id)


def _take_turn(function: str, object_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [object_id])


def _steps(thing: CommBoxObject, answer: Parsed[RecordingItem]) -> list[Step]:
    return steps_for(
        list(Recording.objects.filter(object=thing)),
        answer.items,
        object_id=thing.pk,
        now=timezone.now(),
        why_not=_why_not,
        confirmed_at=thing.refreshed_at,
        whole=not answer.problems,
        settled_before=absence.settled_before,
    )


def _why_not(url: str) -> str:
    """The sentence that says why a URL is not played, or nothing. Looks at the text only: nothing is connected to."""
    try:
        locate(url, settings.RECORDING_BUCKETS)
    except NotPlayable as refusal:
        return refusal.reason.sentence
    return ""


def _all_but_the_last(thing: CommBoxObject, steps: Sequence[Step], by: Actor) -> Sequence[Step]:
    """Commit full batches while more than one is left; the rest is for the caller."""
    while len(steps) > BATCH:
        with transaction.atomic():
            _write(thing, steps[:BATCH], by)
            leased_until = timezone.now() + schedule.LEASE
            CommBoxObject.objects.filter(pk=thing.pk).update(
                refresh_leased_until=leased_until, refresh_unfinished=True
            )
        thing.refresh_unfinished = True
        steps = steps[BATCH:]
    return steps


def _write(thing: CommBoxObject, steps: Sequence[Step], by: Actor) -> None:
    if not steps:
        return
    new = [step.recording for step in steps if step.is_new]
    other = [step.recording for step in steps if not step.is_new]
    Recording.objects.bulk_create(new)
    Recording.objects.bulk_update(other, _WRITTEN)
    record_custody(steps, of=thing, by=by)


def _finish(
    thing: CommBoxObject, steps: Sequence[Step], answer: Parsed[RecordingItem], asked_at: datetime
) -> None:
    if answer.problems:
        problems.note(answer.problems, object_id=thing.pk)
    if steps or thing.refreshed_at is None or thing.refresh_unfinished:
        rebuild_docs([thing.pk])
    missing = any(step.recording.missed_at and not step.recording.vanished_at for step in steps)
    _confirm(thing, asked_at, look_again_in=absence.SECOND_LOOK if missing else None)
    if missing:
        absence.watch()


def _confirm(thing: CommBoxObject, asked_at: datetime, look_again_in: timedelta | None) -> None:
    """Note what was confirmed, as of when it was asked, and when to look again."""
    now = timezone.now()
    pause = schedule.look_again_after(thing, now, queue_pressure(now))
    due_at = now + schedule.spread(min(pause, look_again_in or pause))
    # Somebody asked for it while we were under way: our answer may be too old, and their wish stands.
    asked_meanwhile = Q(refresh_due_at__gt=asked_at, refresh_due_at__lte=now)
    CommBoxObject.objects.filter(pk=thing.pk).update(
        refreshed_at=asked_at,
        refresh_due_at=Case(When(asked_meanwhile, then=F("refresh_due_at")), default=Value(due_at)),
        refresh_leased_until=None,
        refresh_unfinished=False,
        refresh_attempts=0,
        refresh_deaths=0,
        refresh_error="",
        refresh_error_at=None,
    )


def _told(object_id: int, steps: Iterable[Step], unreadable: int) -> RefreshOutcome:
    events = Counter(kind for step in steps for kind in step.kinds)
    if events or unreadable:
        counts = {kind.value: number for kind, number in events.items()}
        logger.info("object refreshed", object_id=object_id, events=counts, problems=unreadable)
    return RefreshOutcome(object_id, events, unreadable)
