"""The one door: refresh what we hold of an object's recordings. Every road ends here."""

import structlog
from django.db import transaction
from django.utils import timezone

from recordings.audit import Actor, AuditUnavailable, Kind, Target, record
from recordings.commbox import CommBoxError
from recordings.commbox.assembly import client
from recordings.exceptions import UnknownChannel, UnknownObject
from recordings.models import CommBoxObject, Stream
from recordings.refresh import schedule, source
from recordings.refresh.storing import RefreshOutcome, store

logger = structlog.get_logger("portal.refresh")


def refresh_object(*, object_id: int, by: Actor) -> RefreshOutcome:
    """Ask CommBox for the recordings of one object and bring the cache up to its answer.

    Only a well-formed success answer changes anything; a failure is noted beside what we hold. Raises
    UnknownObject when the catalog has no such object.
    """
    if not CommBoxObject.objects.filter(pk=object_id).exists():
        raise UnknownObject
    return refresh_known(object_id=object_id, by=by)


def refresh_known(*, object_id: int, by: Actor) -> RefreshOutcome:
    """The same for an object that was claimed from the catalog a moment ago."""
    asked_at = timezone.now()
    try:
        answer = client().recordings(object_id)
    except CommBoxError as error:
        source.heard(error)
        return _could_not_ask(object_id, error)
    source.heard()
    try:
        return store(object_id, answer, asked_at, by)
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
    """A person asks for a channel's objects: an event, and the channel is due at once. Raises UnknownChannel."""
    with transaction.atomic():
        stream = Stream.objects.filter(pk=stream_id).first()
        if stream is None:
            raise UnknownChannel
        record(Kind.REFRESH_REQUESTED, by=by, target=Target("channel", f"channel:{stream_id}", str(stream)))
        Stream.objects.filter(pk=stream_id).update(list_due_at=timezone.now())
    return stream


def mark_due(object_id: int) -> bool:
    """Put the object into the queue; False when the catalog has no such object."""
    due = CommBoxObject.objects.filter(pk=object_id)
    return due.update(refresh_due_at=timezone.now(), refresh_deaths=0) == 1


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
