"""List a channel's objects: those created since the last listing, window by window, and those updated since then.

CommBox does not document which of an object's times a window applies to. Updated objects are therefore not listed by
window: they are read from the newest update back to where the last listing ended.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from recordings import breaker
from recordings.commbox import CommBoxError, ObjectItem, Parsed, Problem, Window
from recordings.commbox.assembly import client
from recordings.commbox.paging import MAX_PAGES
from recordings.models import Stream
from recordings.refresh import leases, problems, schedule
from recordings.refresh.objects import upsert_objects

logger = structlog.get_logger("portal.refresh")

FIRST_FILL_DAYS = 120
# CommBox does not document whether a window includes its ends, and an object may become visible slightly late.
OVERLAP = timedelta(minutes=5)
# CommBox's clock may be up to a day ahead of ours. It may also be behind, so the cursor follows its times, not ours.
AHEAD = timedelta(hours=26)
# Longest window of one walk, so that an interrupted first fill continues where it stopped.
STRETCH = timedelta(days=30)
# Objects created longer ago are not found by their update if windows apply to created times.
REACH = timedelta(days=3 * 365)
LIST_EVERY = timedelta(seconds=30)

Progress = Callable[[list[int]], None]


def list_stream(stream: Stream, *, since: datetime | None = None, progress: Progress | None = None) -> int:
    """Store the objects of one channel since its cursor (or `since`), move the cursor, and return how many differed.

    `progress` is called with the ids of each page. Raises CommBoxError after storing it with the channel; pages stored
    before stay stored.
    """
    try:
        return _Listing(stream, progress).run(since)
    except CommBoxError as error:
        breaker.record_result(error)
        _note_failure(stream, error)
        raise


def first_day(days: int = FIRST_FILL_DAYS) -> datetime:
    """Return where a first fill begins: a UTC midnight, so that a second run makes the same calls."""
    return timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=days)


def windows(start: datetime, now: datetime) -> Iterator[Window]:
    """Yield windows from `start` to AHEAD of now. The last one is never short, to include a slow clock."""
    while now - start > STRETCH + AHEAD:
        yield Window(start, start + STRETCH)
        start += STRETCH
    yield Window(min(start, now), now + AHEAD)


class _Listing:
    """One listing of one channel. `written`: objects that were new or different."""

    def __init__(self, stream: Stream, progress: Progress | None) -> None:
        self.stream = stream
        self.progress = progress or (lambda ids: None)
        self.newest = stream.listed_until
        self.written = 0

    def run(self, since: datetime | None) -> int:
        cursor = self.stream.listed_until
        if cursor is not None:
            self._list_updated(cursor - OVERLAP)
        for window in windows(since or (cursor - OVERLAP if cursor else first_day()), timezone.now()):
            self._list_created(window)
        return self.written

    def _list_updated(self, floor: datetime) -> None:
        """List objects by their update, newest first, back to `floor`: usually one page."""
        window = Window(floor - REACH, timezone.now() + AHEAD)
        pages = client().stream_objects(self.stream.pk, window, order="updatedtime", newest_first=True)
        for number, page in enumerate(pages, 1):
            self._store(page)
            oldest = page.items[-1].updated_at if page.items else None
            # Beyond so many pages the client walks in parts, which are newest first only within themselves.
            if oldest is not None and oldest < floor and number < MAX_PAGES:
                return

    def _list_created(self, window: Window) -> None:
        """List one window by created time; the cursor moves once all of it is stored."""
        for page in client().stream_objects(self.stream.pk, window):
            self._store(page)
        _note_success(self.stream, self.newest if window.end > timezone.now() else window.end)

    def _store(self, page: Parsed[ObjectItem]) -> None:
        breaker.record_result()
        self.written += _store(self.stream, page.items)
        problems.note(page.problems, stream_id=self.stream.pk)
        self.newest = max([*_moments(page.items), *([self.newest] if self.newest else [])], default=None)
        leases.extend_listing(self.stream)
        self.progress([item.object_id for item in page.items])


def _store(stream: Stream, items: list[ObjectItem]) -> int:
    ours = [item for item in items if item.stream_id == stream.pk]
    foreign = [item for item in items if item.stream_id != stream.pk]
    reason = (
        "It belongs to another channel than the one that was listed."  # explained in operations/meanings.py
    )
    problems.note([Problem(reason, f"object {item.object_id}", 0) for item in foreign], stream_id=stream.pk)
    return len(upsert_objects(ours, now=timezone.now()))


def _moments(items: list[ObjectItem]) -> Iterator[datetime]:
    """Yield when the items changed, by CommBox's clock. A time in our future must not move the cursor past now."""
    now = timezone.now()
    for item in items:
        yield from (min(moment, now) for moment in (item.created_at, item.updated_at) if moment)


def _note_success(stream: Stream, listed_until: datetime | None) -> None:
    now = timezone.now()
    stream.listed_until = listed_until
    Stream.objects.filter(pk=stream.pk).update(
        listed_until=listed_until,
        listed_at=now,
        list_due_at=now + LIST_EVERY,
        list_leased_until=None,
        list_error="",
        list_error_at=None,
    )


def _note_failure(stream: Stream, error: CommBoxError) -> None:
    now = timezone.now()
    logger.warning("stream not listed", stream_id=stream.pk, failure=breaker.code_of(error))
    Stream.objects.filter(pk=stream.pk).update(
        list_due_at=now + max(LIST_EVERY, schedule.retry_after(error, 1)),
        list_leased_until=None,
        list_error=error.sentence,
        list_error_at=now,
    )
