"""Store CommBox's responses: many objects in one transaction, one huge object in many.

Responses that are ready together are stored together: one query for the objects, one for their recordings, a comparison
without the database, then rows, custody events, search documents and schedule in one statement each.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from recordings.audit import Actor
from recordings.catalog.search_documents import rebuild_docs
from recordings.commbox import CommBoxError
from recordings.models import CommBoxObject, Recording
from recordings.refresh import absence, bulk_copy, problems, schedule
from recordings.refresh.custody_events import record_custody
from recordings.refresh.differences import COMPARED, RecordingChange, Row, changes_in, is_unchanged
from recordings.refresh.fetching import Good
from recordings.refresh.queue import queue_pressure
from recordings.storage import NotPlayable, locate
from recordings.wording import in_english

# Recordings written by one transaction.
BATCH = 500
_NEEDED = (
    *("refreshed_at", "refresh_unfinished", "status_id", "created_at", "updated_at", "closed_at"),
    *("first_seen_at", "customer_name", "customer_identity_id"),
)
# An object that became due after the call to CommBox stays due: the response may be older than what made it due.
_CONFIRM = """
UPDATE recordings_commboxobject o
SET refreshed_at = new.asked_at,
    refresh_due_at = CASE WHEN o.refresh_due_at > new.asked_at AND o.refresh_due_at <= %(now)s
                          THEN o.refresh_due_at ELSE new.due_at END,
    refresh_leased_until = NULL, refresh_leased_by = NULL, refresh_unfinished = false,
    refresh_attempts = 0, refresh_deaths = 0, refresh_error = '', refresh_error_at = NULL
FROM unnest(%(ids)s::bigint[], %(asked)s::timestamptz[], %(due)s::timestamptz[]) AS new (id, asked_at, due_at)
WHERE o.id = new.id
"""


@dataclass
class ObjectChange:
    """An object, CommBox's response about it, and the changes to its recordings."""

    thing: CommBoxObject
    answer: Good
    recordings: list[RecordingChange]

    @property
    def has_missing(self) -> bool:
        """Return whether a recording is missing from the response and not marked as vanished."""
        rows = [change.recording for change in self.recordings]
        return any(row.missed_at is not None and row.vanished_at is None for row in rows)


def groups_of(answers: Sequence[Good]) -> Iterator[list[Good]]:
    """Split responses into groups of at most BATCH recordings; a huge object is a group of its own."""
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


def is_huge(answer: Good) -> bool:
    """Return whether the object has more recordings than one transaction may write."""
    return len(answer.parsed.items) > BATCH


def wait_for_turn(answers: Sequence[Good], function: str = "pg_advisory_xact_lock") -> None:
    """Lock these objects against other refreshes until the transaction ends; wait for the lock.

    Locked in the order of their ids, so that two groups with objects in common do not deadlock.
    """
    ids = sorted(answer.object_id for answer in answers)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(id) FROM unnest(%s::bigint[]) AS id", [ids])  # noqa: S608  (our own words; values are parameters)


def compare(answers: Sequence[Good]) -> list[ObjectChange]:
    """Compare responses with the rows of their objects, leaving out those older than the rows."""
    ids = [answer.object_id for answer in answers]
    objects = CommBoxObject.objects.filter(pk__in=ids).only(*_NEEDED).order_by("pk")
    # Locked in the order in which listings and search documents lock them.
    things = {thing.pk: thing for thing in objects.select_for_update(no_key=True)}
    known = _rows_of(ids, *COMPARED)
    different = {answer.object_id for answer in answers if not _is_unchanged(known[answer.object_id], answer)}
    rows = _rows_of(different)
    now, markable_before = timezone.now(), cache(absence.markable_before)
    compared = []
    for answer in answers:
        thing = things.get(answer.object_id)
        if thing is None or (thing.refreshed_at is not None and thing.refreshed_at >= answer.asked_at):
            continue
        changes: list[RecordingChange] = []
        if thing.pk in different:
            changes = changes_in(
                rows[thing.pk],
                answer.parsed.items,
                object_id=thing.pk,
                now=now,
                refusal_of=_refusal_of,
                confirmed_at=thing.refreshed_at,
                complete=not answer.parsed.problems,
                markable_before=markable_before,
            )
        for change in changes:
            change.recording.object = thing  # a custody event names its customer
        compared.append(ObjectChange(thing, answer, changes))
    return compared


def _rows_of(object_ids: Collection[int], *columns: str) -> dict[int, list[Row]]:
    """Read the recordings of each object: these columns, or all."""
    rows: dict[int, list[Row]] = defaultdict(list)
    for row in Recording.objects.filter(object__in=object_ids).values(*columns and ("object_id", *columns)):
        rows[row["object_id"]].append(row)
    return rows


def _is_unchanged(rows: Sequence[Row], answer: Good) -> bool:
    items, complete = answer.parsed.items, not answer.parsed.problems
    return is_unchanged(rows, items, refusal_of=_refusal_of, complete=complete)


def _refusal_of(url: str) -> str:
    """Return the English sentence that says why a URL cannot be played, or "". Nothing is connected to."""
    try:
        locate(url, settings.RECORDING_BUCKETS)
    except NotPlayable as refusal:
        return in_english(refusal.reason.sentence)
    return ""


def write_recordings(changes: Sequence[RecordingChange], *, by: Actor) -> None:
    """Write the rows that differ, and their custody events."""
    bulk_copy.insert([change.recording for change in changes if change.is_new])
    bulk_copy.update([change.recording for change in changes if not change.is_new])
    record_custody(changes, by=by)


def write_search_docs(compared: Sequence[ObjectChange]) -> None:
    """Rebuild the search documents of objects that changed, are new, or whose last refresh was interrupted."""
    stale = [
        change.thing.pk
        for change in compared
        if change.recordings or change.thing.refreshed_at is None or change.thing.refresh_unfinished
    ]
    if stale:
        rebuild_docs(stale)


def confirm(compared: Sequence[ObjectChange]) -> None:
    """Store when the objects were confirmed and schedule their next refresh, in one statement. Ends their leases."""
    now = timezone.now()
    pressure = queue_pressure(now)
    due_at: list[datetime] = []
    for change in compared:
        if change.answer.parsed.problems:
            problems.note(change.answer.parsed.problems, object_id=change.thing.pk)
        pause = schedule.look_again_after(change.thing, now, pressure)
        # Only a second absence marks a recording, so the next refresh comes soon.
        pause = min(pause, absence.SECOND_LOOK) if change.has_missing else pause
        due_at.append(now + schedule.spread(pause))
    values: dict[str, Any] = {
        "now": now,
        "ids": [change.thing.pk for change in compared],
        "asked": [change.answer.asked_at for change in compared],
        "due": due_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_CONFIRM, values)
    if any(change.has_missing for change in compared):
        absence.update_alarm()


@transaction.atomic
def note_failure(object_id: int, sentence: str, error: CommBoxError | None = None) -> None:
    """Store the failure (an English sentence) on the object and schedule the next attempt. Ends its lease."""
    now = timezone.now()
    thing = CommBoxObject.objects.select_for_update(no_key=True).only("refresh_attempts").get(pk=object_id)
    attempts = thing.refresh_attempts + 1
    CommBoxObject.objects.filter(pk=object_id).update(
        refresh_due_at=now + schedule.spread(schedule.retry_after(error, attempts)),
        refresh_leased_until=None,
        refresh_leased_by=None,
        refresh_attempts=attempts,
        refresh_deaths=0,
        refresh_error=sentence,
        refresh_error_at=now,
    )


def store_in_parts(answer: Good, *, by: Actor) -> list[ObjectChange]:
    """Store a huge object in several transactions: ten thousand recordings take twenty.

    When the process is killed between two of them, the next refresh finds the written part unchanged and continues with
    the rest.
    """
    with _alone_with(answer):
        with transaction.atomic():
            compared = compare([answer])
        for change in compared:
            last = max(len(change.recordings) - 1, 0) // BATCH * BATCH
            for start in range(0, last, BATCH):
                with transaction.atomic():
                    write_recordings(change.recordings[start : start + BATCH], by=by)
                    CommBoxObject.objects.filter(pk=change.thing.pk).update(
                        refresh_leased_until=timezone.now() + schedule.LEASE, refresh_unfinished=True
                    )
            with transaction.atomic():
                write_recordings(change.recordings[last:], by=by)
                write_search_docs(compared)
                confirm(compared)
    return compared


@contextmanager
def _alone_with(answer: Good) -> Iterator[None]:
    """Lock the object against other refreshes over several transactions. The lock ends with the database session."""
    wait_for_turn([answer], "pg_advisory_lock")
    try:
        yield
    finally:
        if connection.connection is not None and not connection.connection.closed:
            wait_for_turn([answer], "pg_advisory_unlock")
