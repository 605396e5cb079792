"""Refresh the recordings of objects, and make objects and channels due."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from recordings import breaker
from recordings.audit import Actor, AuditUnavailable, Kind, Target, record
from recordings.commbox import CommBoxError
from recordings.exceptions import UnknownChannel, UnknownObject
from recordings.models import CommBoxObject, Stream
from recordings.refresh import storing
from recordings.refresh.fetching import Failed, Good, fetch_each
from recordings.wording import in_english

logger = structlog.get_logger("portal.refresh")

# After so many audit failures in a row give up on the remaining responses: each attempt may block for two seconds.
MOST_AUDIT_FAILURES = 3
NOT_STORED = gettext_noop(
    "The portal could not store the response from CommBox. Its log contains the reason."
)

Fetch = Callable[[Sequence[int]], Sequence[Good | Failed]]


@dataclass(frozen=True)
class RefreshResult:
    """The result of a refresh: how many recordings each event happened to, or the English sentence of the error."""

    object_id: int
    events: Counter[Kind] = field(default_factory=Counter)
    problems: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


def refresh(leased: Sequence[int], *, by: Actor, fetch: Fetch = fetch_each) -> list[RefreshResult]:
    """Refresh objects from CommBox and return a result for each response.

    This is the whole protocol, for one object as for a hundred. `fetch` may return responses for other objects than
    those leased now: the sweep's threads return what is ready. Raises only when not even a failure can be stored.
    """
    # 1. The caller has leased the objects (leases.py), so that no other worker refreshes them meanwhile.
    # 2. Call CommBox outside any transaction: a response may take seconds.
    answers = fetch(leased)
    # 3. Only a well-formed response changes a recording. A failure is stored on its object, with the next attempt.
    good = [answer for answer in answers if isinstance(answer, Good)]
    if good:
        breaker.record_result()
    results = [_note_failed_call(answer) for answer in answers if isinstance(answer, Failed)]
    waiting, audit_failures = deque(storing.groups_of(good)), 0
    while waiting:
        group = waiting.popleft()
        try:
            if audit_failures >= MOST_AUDIT_FAILURES:
                raise AuditUnavailable
            if storing.is_huge(group[0]):
                compared = storing.store_in_parts(group[0], by=by)  # steps 4 to 7 in several transactions
            else:
                with transaction.atomic():
                    # 4. Wait for other refreshes of these objects.
                    storing.wait_for_turn(group)
                    # 5. Compare each response with the rows. One that is older than the rows changes nothing.
                    compared = storing.compare(group)
                    # 6. Write rows, custody events and search documents, all or none.
                    changes = [recording for change in compared for recording in change.recordings]
                    storing.write_recordings(changes, by=by)
                    storing.write_search_docs(compared)
                    # 7. Store the time of the response and schedule the next refresh. This ends the lease.
                    storing.confirm(compared)
        except Exception as error:
            # 8. A response that cannot be stored must not affect others: retry each alone, and store the failure of
            #    the one that fails again.
            if len(group) > 1:
                logger.warning(
                    "responses are stored one by one", answers=len(group), error=type(error).__name__
                )
                waiting.extendleft([answer] for answer in reversed(group))
            else:
                results.append(_note_not_stored(group[0], error))
                audit_failures = audit_failures + 1 if isinstance(error, AuditUnavailable) else 0
        else:
            results += _results_of(group, compared)
            audit_failures = 0
    return results


def refresh_object(*, object_id: int, by: Actor) -> RefreshResult:
    """Refresh one object now, whether or not it is due, without a lease. Raises UnknownObject."""
    if not CommBoxObject.objects.filter(pk=object_id).exists():
        raise UnknownObject
    (result,) = refresh([object_id], by=by)
    return result


def request_refresh(*, object_id: int, by: Actor) -> None:
    """Make an object due because a person asked for it, and record the event. Raises UnknownObject."""
    with transaction.atomic():
        thing = CommBoxObject.objects.filter(pk=object_id).first()
        if thing is None:
            raise UnknownObject
        record(Kind.REFRESH_REQUESTED, by=by, target=Target.of(thing))
        mark_due(object_id)


def request_listing(*, stream_id: int, by: Actor) -> Stream:
    """Make a channel due for listing because a person asked for it, and record the event. Raises UnknownChannel."""
    with transaction.atomic():
        stream = Stream.objects.filter(pk=stream_id).first()
        if stream is None:
            raise UnknownChannel
        record(Kind.REFRESH_REQUESTED, by=by, target=Target("channel", f"channel:{stream_id}", str(stream)))
        Stream.objects.filter(pk=stream_id).update(list_due_at=timezone.now())
    return stream


def mark_due(object_id: int) -> bool:
    """Make an object due now; return False when the catalog has no such object."""
    due = CommBoxObject.objects.filter(pk=object_id)
    return due.update(refresh_due_at=timezone.now(), refresh_deaths=0) == 1


def _note_failed_call(answer: Failed) -> RefreshResult:
    error = answer.error
    if not isinstance(error, CommBoxError):
        storing.note_failure(answer.object_id, NOT_STORED)
        return RefreshResult(answer.object_id, error=NOT_STORED)
    breaker.record_result(error)
    logger.warning(
        "object not refreshed",
        object_id=answer.object_id,
        failure=breaker.code_of(error),
        upstream_status=error.status,
        upstream_request_id=error.request_id,
    )
    storing.note_failure(answer.object_id, error.sentence, error)
    return RefreshResult(answer.object_id, error=error.sentence)


def _note_not_stored(answer: Good, error: Exception) -> RefreshResult:
    sentence = in_english(error.sentence) if isinstance(error, AuditUnavailable) else NOT_STORED
    if not isinstance(error, AuditUnavailable):
        logger.error("response not stored", object_id=answer.object_id, exc_info=error)
    storing.note_failure(answer.object_id, sentence)
    return RefreshResult(answer.object_id, error=sentence)


def _results_of(group: Sequence[Good], compared: Sequence[storing.ObjectChange]) -> list[RefreshResult]:
    """Return a result for each response of a group; an empty one where the rows were newer."""
    results = {answer.object_id: RefreshResult(answer.object_id) for answer in group}
    for change in compared:
        events = Counter(kind for recording in change.recordings for kind in recording.kinds)
        unreadable = len(change.answer.parsed.problems)
        if events or unreadable:
            counts = {kind.value: number for kind, number in events.items()}
            logger.info("object refreshed", object_id=change.thing.pk, events=counts, problems=unreadable)
        results[change.thing.pk] = RefreshResult(change.thing.pk, events, unreadable)
    return list(results.values())
