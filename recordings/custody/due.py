"""Whose file is to be looked at: what was given out and not looked at since, and what was not looked at for long."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils import timezone

from recordings.models import Recording, Viewing

# A file that is watched all day is looked at once an hour.
AGAIN = timedelta(hours=1)
GIVEN_OUT_WITHIN = timedelta(days=1)
AT_ONCE = 5


def due_files() -> QuerySet[Recording]:
    """Recordings whose URL was given out after their file was last looked at, the longest waiting first."""
    now = timezone.now()
    given = Viewing.objects.filter(recording=OuterRef("pk"), url_issued_at__gt=now - GIVEN_OUT_WITHIN)
    unseen = Q(file_seen_at=None) & Exists(given)
    older = Q(file_seen_at__lt=now - AGAIN) & Exists(given.filter(url_issued_at__gt=OuterRef("file_seen_at")))
    recordings = Recording.objects.filter(unseen | older).select_related("object")
    return recordings.order_by(F("file_seen_at").asc(nulls_first=True), "pk")[:AT_ONCE]


def next_files() -> Iterator[Recording]:
    """Claim those that are due one by one: the time is set before the work, so that no two workers get the same."""
    for recording in due_files():
        unclaimed = Recording.objects.filter(pk=recording.pk, file_seen_at=recording.file_seen_at)
        if unclaimed.update(file_seen_at=timezone.now()):
            yield recording
