"""Choose the files to check, and when to check each again. The database row is the queue."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from recordings.models import Recording
from recordings.storage import NextStep, StorageOutcome, UrlKind, can_presign

# Files checked by one run of the task. A file whose URL CommBox signs costs a call of the budget that refresh needs.
SIGNED_AT_ONCE, ASKED_AT_ONCE = 50, 5
# After so long, a file that a worker claimed is due again: the worker may have died.
LEASE = timedelta(minutes=10)

SOON, LATER, DAILY = timedelta(minutes=1), timedelta(minutes=10), timedelta(days=1)


def due_files(kind: UrlKind) -> QuerySet[Recording]:
    """Select the files that are due, the latest first: new recordings and files just played come before old ones."""
    at_once = SIGNED_AT_ONCE if kind is UrlKind.DIRECT and can_presign() else ASKED_AT_ONCE
    due = Recording.objects.filter(file_due_at__lte=timezone.now(), url_kind=kind)
    return due.select_related("object").order_by("-file_due_at", "pk")[:at_once]


def next_files(kind: UrlKind) -> Iterator[Recording]:
    """Claim due files one at a time, so that two workers never check the same file."""
    for recording in due_files(kind):
        unclaimed = Recording.objects.filter(pk=recording.pk, file_due_at=recording.file_due_at)
        if unclaimed.update(file_due_at=timezone.now() + LEASE):
            yield recording


def next_look(outcome: StorageOutcome, wrong_since: datetime, *, is_to_read: bool) -> datetime | None:
    """Return when to check the file again; None when no check is needed.

    A problem that someone has to fix is checked less and less often: after a tenth of the time it has lasted, at least
    once a day. Otherwise such files would always come before files that were never checked.
    """
    now = timezone.now()
    if outcome is StorageOutcome.FOUND:
        return now if is_to_read else None
    if outcome is StorageOutcome.NOT_YET:
        return now + SOON
    if outcome.next in (NextStep.OWNER, NextStep.OPERATOR):
        # A problem that is not the file's own often affects many files at once.
        soonest = SOON if outcome.state else LATER
        return now + min(max((now - wrong_since) / 10, soonest), DAILY)
    return now + LATER
