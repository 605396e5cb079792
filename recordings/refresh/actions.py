"""What can be done about an object's recordings: refresh them now, or have them refreshed."""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from django.db import transaction
from django.utils import timezone

from recordings import breaker
from recordings.audit import Actor, AuditUnavailable, Kind, Target, record
from recordings.commbox import CommBoxError
from recordings.exceptions import UnknownChannel, UnknownObject
from recordings.models import CommBoxObject, Stream
from recordings.refresh import storing
from recordings.refresh.fetching import Failed, Good, fetch_each

logger = structlog.get_logger("portal.refresh")

# After so many refusals of the trail in a row give up on what is left: each attempt may block for two seconds.
REFUSALS = 3
TROUBLE = "The portal could not store CommBox's answer; its log says why."

Fetch = Callable[[Sequence[int]], Sequence[Good | Failed]]


@dataclass(frozen=True)
class RefreshResult:
    """How a refresh went: what happened to how many recordings, or the sentence that says why nothing did."""

    object_id: int
    events: Counter[Kind] = field(default_factory=Counter)
    problems: int = 0
    error: str = ""

    @property
    def ok(self) -> bool:
        return not self.error


def refresh(leased: Sequence[int], *, by: Actor, fetch: Fetch = fetch_each) -> list[RefreshResult]:
    """Bring what the portal holds of these objects up to what CommBox says; return a result for each answer.

    This is the whole protocol, for one object as for a hundred: `fetch` of the sweep returns the answers that its
    threads have ready. Raises only when not even a failure can be noted.
    """
    # 1. The caller has leased the objects (leases.py), so that no other worker asks for them meanwhile.
    # 2. Ask CommBox. No transaction is open: an answer may take seconds.
    answers = fetch(leased)
    # 3. Only a well-formed answer changes a recording. A failure is noted on its object, with the next attempt.
    good = [answer for answer in answers if isinstance(answer, Good)]
    if good:
        breaker.record_result()
    results = [_note_failed_call(answer) for answer in answers if isinstance(answer, Failed)]
    waiting, refusals = deque(storing.groups_of(good)), 0
    while waiting:
        group = waiting.popleft()
        try:
            if refusals >= REFUSALS:
                raise AuditUnavailable
            if storing.is_huge(group[0]):
                compared = storing.store_in_parts(group[0], by=by)  # steps 4 to 7 in several transactions
            else:
                with transaction.atomic():
                    # 4. One refresh of an object at a time: wait for others.
                    storing.wait_for_turn(group)
                    # 5. Compare each answer with the rows. One that a later answer has overtaken changes nothing.
                    compared = storing.compare(group)
                    # 6. Rows, custody events and search documents: all of them are written, or none.
                    changes = [recording for change in compared for recording in change.recordings]
                    storing.write_recordings(changes, by=by)
                    storing.write_search_docs(compared)
                    # 7. Note as of when that holds and when to look again. This ends the lease.
                    storing.confirm(compared)
        except Exception as error:
            # 8. An answer that cannot be stored must cost its neighbours nothing: try each alone, and note the
            #    failure of the one that fails again.
            if len(group) > 1:
                logger.warning(
                    "answers are stored one by one", answers=len(group), error=type(error).__name__
                )
                waiting.extendleft([answer] for answer in reversed(group))
            else:
                results.append(_note_not_stored(group[0], error))
                refusals = refusals + 1 if isinstance(error, AuditUnavailable) else 0
        else:
            results += _results_of(group, compared)
            refusals = 0
    return results


def refresh_object(*, object_id: int, by: Actor) -> RefreshResult:
    """Refresh one object now, whether it is due or not and without a lease. Raises UnknownObject."""
    if not CommBoxObject.objects.filter(pk=object_id).exists():
        raise UnknownObject
    (result,) = refresh([object_id], by=by)
    return result


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


def _note_failed_call(answer: Failed) -> RefreshResult:
    error = answer.error
    if not isinstance(error, CommBoxError):
        storing.note_failure(answer.object_id, TROUBLE)
        return RefreshResult(answer.object_id, error=TROUBLE)
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
    sentence = error.sentence if isinstance(error, AuditUnavailable) else TROUBLE
    if not isinstance(error, AuditUnavailable):
        logger.error("answer not stored", object_id=answer.object_id, exc_info=error)
    storing.note_failure(answer.object_id, sentence)
    return RefreshResult(answer.object_id, error=sentence)


def _results_of(group: Sequence[Good], compared: Sequence[storing.ObjectChange]) -> list[RefreshResult]:
    """A result for each answer of the group; an empty one where a later answer has overtaken it."""
    results = {answer.object_id: RefreshResult(answer.object_id) for answer in group}
    for change in compared:
        events = Counter(kind for recording in change.recordings for kind in recording.kinds)
        unreadable = len(change.answer.parsed.problems)
        if events or unreadable:
            counts = {kind.value: number for kind, number in events.items()}
            logger.info("object refreshed", object_id=change.thing.pk, events=counts, problems=unreadable)
        results[change.thing.pk] = RefreshResult(change.thing.pk, events, unreadable)
    return list(results.values())
