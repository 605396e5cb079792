"""Which files are looked at, and when again. The database row is the queue."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from recordings.models import Recording
from recordings.storage import NextStep, StorageOutcome, UrlKind, can_presign

# How many files one run of the task looks at: those that the portal signs for, and those that CommBox may be asked for,
# which costs a call of the budget that the refresh needs.
SIGNED_AT_ONCE, ASKED_AT_ONCE = 50, 5
# A worker that dies keeps a file from the others for so long.
LEASE = timedelta(minutes=10)

SOON, LATER, DAILY = timedelta(minutes=1), timedelta(minutes=10), timedelta(days=1)


def due_files(kind: UrlKind) -> QuerySet[Recording]:
    """Files that are due, the latest first: what somebody has just played, and new recordings, before old ones."""
    at_once = SIGNED_AT_ONCE if kind is UrlKind.DIRECT and can_presign() else ASKED_AT_ONCE
    due = Recording.objects.filter(file_due_at__lte=timezone.now(), url_kind=kind)
    return due.select_related("object").order_by("-file_due_at", "pk")[:at_once]


def next_files(kind: UrlKind) -> Iterator[Recording]:
    """Claim those that are due one by one, so that no two workers get the same."""
    for recording in due_files(kind):
        unclaimed = Recording.objects.filter(pk=recording.pk, file_due_at=recording.file_due_at)
        if unclaimed.update(file_due_at=timezone.now() + LEASE):
            yield recording


def next_look(outcome: StorageOutcome, wrong_since: datetime, *, is_to_read: bool) -> datetime | None:
    """Return when to look again by itself; None when nothing is to be found out.

    What somebody has to put right is looked at less and less often: after a tenth of the time it has lasted, at least
    once a day. Otherwise such files would come before those that were never looked at, again and again.
    """
    now = timezone.now()
    if outcome is StorageOutcome.FOUND:
        return now if is_to_read else None
    if outcome is StorageOutcome.NOT_YET:
        return now + SOON
    if outcome.next in (NextStep.OWNER, NextStep.OPERATOR):
        # What is no fault of the file is often the matter with many files at once.
        soonest = SOON if outcome.state else LATER
        return now + min(max((now - wrong_since) / 10, soonest), DAILY)
    return now + LATER
