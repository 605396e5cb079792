"""The one door: refresh what we hold of an object's recordings. Every road ends here."""

from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from recordings import breaker
from recordings.audit import Actor, Kind, Target, record
from recordings.commbox import CommBoxError
from recordings.exceptions import UnknownChannel, UnknownObject
from recordings.models import CommBoxObject, Stream
from recordings.refresh.bookkeeping import note_failure
from recordings.refresh.fetching import Failed, Good, ask
from recordings.refresh.storing import TROUBLE, RefreshOutcome, store

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
    (outcome,) = settle([ask(object_id)], by=by)
    return outcome


def settle(answers: Sequence[Good | Failed], *, by: Actor) -> list[RefreshOutcome]:
    """Store what CommBox answered, note where it failed. Raises only when the database fails."""
    good = [answer for answer in answers if isinstance(answer, Good)]
    if good:
        breaker.record_result()
    failed = [_could_not_ask(answer) for answer in answers if isinstance(answer, Failed)]
    return failed + store(good, by)


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


def _could_not_ask(answer: Failed) -> RefreshOutcome:
    if not isinstance(answer.error, CommBoxError):
        note_failure(answer.object_id, TROUBLE)
        return RefreshOutcome(answer.object_id, error=TROUBLE)
    error = answer.error
    breaker.record_result(error)
    logger.warning(
        "object not refreshed",
        object_id=answer.object_id,
        failure=breaker.code_of(error),
        upstream_status=error.status,
        upstream_request_id=error.request_id,
    )
    note_failure(answer.object_id, error.sentence, error)
    return RefreshOutcome(answer.object_id, error=error.sentence)
