"""Bring what we hold up to CommBox's answers, many objects a transaction; of one huge object, many transactions.

What is ready together is stored together: one look at the objects, one at their recordings, a comparison without the
database, then rows, custody events, search rows and bookkeeping in one statement each. Where that fails every answer is
stored by itself, so that one that cannot be stored costs its neighbours nothing.

Ten thousand recordings of one object are twenty transactions, not one (F09). Whoever is killed between two of them
loses nothing: the next refresh finds what is written equal, and goes on with the rest.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from recordings.audit import Actor, AuditUnavailable, Kind
from recordings.catalog.docs import rebuild_docs
from recordings.models import CommBoxObject, Recording
from recordings.refresh import absence, bulk_copy, problems, schedule
from recordings.refresh.bookkeeping import Confirmed, confirm, note_failure
from recordings.refresh.custody_events import record_custody
from recordings.refresh.differences import COMPARED, SettledBefore, Step, says_nothing_new, steps_for
from recordings.refresh.fetching import Good
from recordings.storage import NotPlayable, locate

logger = structlog.get_logger("portal.refresh")

BATCH = 500
# The trail that refuses three answers in a row refuses them all, and may take two seconds for each.
REFUSALS = 3
TROUBLE = "The portal could not store CommBox's answer; its log says why."
_NEEDED = (
    *("refreshed_at", "refresh_unfinished", "status_id", "created_at", "updated_at", "closed_at"),
    *("first_seen_at", "customer_name", "customer_identity_id"),
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


@dataclass
class _Work:
    """An object, its answer, and what that changes."""

    thing: CommBoxObject
    answer: Good
    steps: list[Step]


def store(answers: Sequence[Good], by: Actor) -> list[RefreshOutcome]:
    """Write what differs, with its custody events; an outcome for each answer, in their order.

    Raises only when not even a failure can be noted.
    """
    return [outcome for group in _groups(answers) for outcome in _stored(group, by)]


def _groups(answers: Sequence[Good]) -> Iterator[list[Good]]:
    """Answers that fit into one transaction; an object with more recordings than that is a group of its own."""
    group: list[Good] = []
    size = 0
    for answer in answers:
        count = len(answer.parsed.items)
        if group and size + count > BATCH:
            yield group
            group, size = [], 0
        group.append(answer)
        size += count
    if group:
        yield group


def _stored(group: list[Good], by: Actor) -> list[RefreshOutcome]:
    if len(group) > 1:
        try:
            return _together(group, by)
        except Exception as error:
            logger.warning("answers are stored one by one", answers=len(group), error=type(error).__name__)
    outcomes: list[RefreshOutcome] = []
    for answer in group:
        last = [outcome.error for outcome in outcomes[-REFUSALS:]]
        refused = last == [AuditUnavailable.sentence] * REFUSALS
        outcomes.append(_refuse(answer, AuditUnavailable.sentence) if refused else _alone(answer, by))
    return outcomes


def _together(group: Sequence[Good], by: Actor) -> list[RefreshOutcome]:
    with transaction.atomic():
        _take_turns("pg_advisory_xact_lock", group)
        works = _works(group)
        _write([step for work in works for step in work.steps], by)
        _finish(works)
    told = {work.thing.pk: _told(work) for work in works}
    return [told.get(answer.object_id) or RefreshOutcome(answer.object_id) for answer in group]


def _alone(answer: Good, by: Actor) -> RefreshOutcome:
    try:
        if len(answer.parsed.items) > BATCH:
            return _in_batches(answer, by)
        return _together([answer], by)[0]
    except AuditUnavailable as error:
        return _refuse(answer, error.sentence)
    except Exception:
        logger.exception("answer not stored", object_id=answer.object_id)
        return _refuse(answer, TROUBLE)


def _refuse(answer: Good, sentence: str) -> RefreshOutcome:
    note_failure(answer.object_id, sentence)
    return RefreshOutcome(answer.object_id, error=sentence)


def _in_batches(answer: Good, by: Actor) -> RefreshOutcome:
    """One refresh of an object at a time, whatever transactions it takes; a process that dies lets go."""
    with _alone_with(answer):
        with transaction.atomic():
            works = _works([answer])
        for work in works:
            rest = _all_but_the_last(work, by)
            with transaction.atomic():
                _write(rest, by)
                _finish(works)
    return _told(works[0]) if works else RefreshOutcome(answer.object_id)


@contextmanager
def _alone_with(answer: Good) -> Iterator[None]:
    _take_turns("pg_advisory_lock", [answer])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            _take_turns("pg_advisory_unlock", [answer])


def _take_turns(function: str, answers: Sequence[Good]) -> None:
    """In the order of their ids: two batches with objects in common wait for each other in turn."""
    ids = sorted(answer.object_id for answer in answers)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(id) FROM unnest(%s::bigint[]) AS id", [ids])  # noqa: S608


def _works(answers: Sequence[Good]) -> list[_Work]:
    """What each answer changes; nothing for one that somebody who asked later has overtaken."""
    ids = [answer.object_id for answer in answers]
    objects = CommBoxObject.objects.filter(pk__in=ids).only(*_NEEDED).order_by("pk")
    # Locked in order, as listings and search rows lock them.
    things = {thing.pk: thing for thing in objects.select_for_update(no_key=True)}
    known = _known(_changed(answers))
    now, settled_before = timezone.now(), cache(absence.settled_before)
    return [
        _Work(thing, answer, _steps(thing, answer, known.get(thing.pk), now, settled_before))
        for answer in answers
        if (thing := things.get(answer.object_id)) is not None
        and (thing.refreshed_at is None or thing.refreshed_at < answer.asked_at)
    ]


def _changed(answers: Sequence[Good]) -> list[int]:
    """The objects of which something is to be written."""
    held: dict[int, list[dict[str, Any]]] = defaultdict(list)
    ids = [answer.object_id for answer in answers]
    for row in Recording.objects.filter(object__in=ids).values("object_id", *COMPARED):
        held[row["object_id"]].append(row)
    return [
        answer.object_id
        for answer in answers
        if not says_nothing_new(
            held[answer.object_id],
            answer.parsed.items,
            whole=not answer.parsed.problems,
            why_not=_why_not,
        )
    ]


def _known(object_ids: Sequence[int]) -> dict[int, list[Recording]]:
    known: dict[int, list[Recording]] = {object_id: [] for object_id in object_ids}
    for row in Recording.objects.filter(object__in=object_ids):
        known[row.object_id].append(row)
    return known


def _steps(
    thing: CommBoxObject,
    answer: Good,
    known: Sequence[Recording] | None,
    now: datetime,
    settled_before: SettledBefore,
) -> list[Step]:
    if known is None:
        return []
    steps = steps_for(
        known,
        answer.parsed.items,
        object_id=thing.pk,
        now=now,
        why_not=_why_not,
        confirmed_at=thing.refreshed_at,
        whole=not answer.parsed.problems,
        settled_before=settled_before,
    )
    for step in steps:
        step.recording.object = thing  # whose customer a custody event names
    return steps


def _why_not(url: str) -> str:
    """The sentence that says why a URL is not played, or nothing. Looks at the text only: nothing is connected to."""
    try:
        locate(url, settings.RECORDING_BUCKETS)
    except NotPlayable as refusal:
        return refusal.reason.sentence
    return ""


def _all_but_the_last(work: _Work, by: Actor) -> list[Step]:
    """Commit full batches while more than one is left; the rest is for the caller."""
    rest = work.steps
    while len(rest) > BATCH:
        with transaction.atomic():
            _write(rest[:BATCH], by)
            CommBoxObject.objects.filter(pk=work.thing.pk).update(
                refresh_leased_until=timezone.now() + schedule.LEASE, refresh_unfinished=True
            )
        work.thing.refresh_unfinished = True
        rest = rest[BATCH:]
    return rest


def _write(steps: Sequence[Step], by: Actor) -> None:
    bulk_copy.insert([step.recording for step in steps if step.is_new])
    bulk_copy.update([step.recording for step in steps if not step.is_new])
    record_custody(steps, by=by)


def _finish(works: Sequence[_Work]) -> None:
    for work in works:
        if work.answer.parsed.problems:
            problems.note(work.answer.parsed.problems, object_id=work.thing.pk)
    things = [(work.thing, work.steps) for work in works]
    if stale := [of.pk for of, steps in things if steps or of.refreshed_at is None or of.refresh_unfinished]:
        rebuild_docs(stale)
    missing = {work.thing.pk for work in works if any(map(_is_missing, work.steps))}
    confirm([Confirmed(work.thing, work.answer.asked_at, work.thing.pk in missing) for work in works])
    if missing:
        absence.watch()


def _is_missing(step: Step) -> bool:
    return step.recording.missed_at is not None and step.recording.vanished_at is None


def _told(work: _Work) -> RefreshOutcome:
    events = Counter(kind for step in work.steps for kind in step.kinds)
    unreadable = len(work.answer.parsed.problems)
    if events or unreadable:
        counts = {kind.value: number for kind, number in events.items()}
        logger.info("object refreshed", object_id=work.thing.pk, events=counts, problems=unreadable)
    return RefreshOutcome(work.thing.pk, events, unreadable)
