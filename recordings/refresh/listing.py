"""Find objects: a stream's time windows, by created and by updated time, from where the last listing ended."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import structlog
from django.utils import timezone

from recordings.commbox import CommBoxError, ObjectItem, Problem, Window
from recordings.commbox.assembly import client
from recordings.commbox.paging import Order
from recordings.models import Stream
from recordings.refresh import claims, problems, schedule, source
from recordings.refresh.objects import upsert_objects

logger = structlog.get_logger("portal.refresh")

FIRST_FILL = timedelta(days=120)
# Whether a window includes its ends is not documented, and an object may become visible a little late.
OVERLAP = timedelta(minutes=5)
# CommBox's clock may run ahead of ours by a day. It may also run behind: the cursor follows its times, not ours.
AHEAD = timedelta(hours=26)
# A long way is walked in stretches, so that an interrupted first fill goes on where it was.
STRETCH = timedelta(days=30)
LIST_EVERY = timedelta(seconds=30)
ORDERS: tuple[Order, ...] = ("createdtime", "updatedtime")

Progress = Callable[[list[int]], None]


def list_stream(stream: Stream, *, since: datetime | None = None, progress: Progress | None = None) -> int:
    """Store the objects of one stream since its cursor (or `since`), move the cursor, return how many differed.

    `progress` hears the ids of each page. Raises CommBoxError after noting it with the stream; what was
    stored until then stays.
    """
    start = since or (stream.listed_until - OVERLAP if stream.listed_until else timezone.now() - FIRST_FILL)
    try:
        return sum(_walk(stream, window, progress) for window in windows(start, timezone.now()))
    except CommBoxError as error:
        source.heard(error)
        _note_failure(stream, error)
        raise


def windows(start: datetime, now: datetime) -> Iterator[Window]:
    """From `start` to a day ahead of now. The last one is never short: a clock that is behind must fall into it."""
    while now - start > STRETCH + AHEAD:
        yield Window(start, start + STRETCH)
        start += STRETCH
    yield Window(min(start, now), now + AHEAD)


def _walk(stream: Stream, window: Window, progress: Progress | None) -> int:
    """One window in both orders; the cursor moves once all of it is stored."""
    written, newest = 0, stream.listed_until
    for order in ORDERS:
        for page in client().stream_objects(stream.pk, window, order=order):
            source.heard()
            written += _store(stream, page.items)
            problems.note(page.problems, stream_id=stream.pk)
            newest = max([*_moments(page.items), *([newest] if newest else [])], default=None)
            claims.renew(stream)
            if progress:
                progress([item.object_id for item in page.items])
    _note_success(stream, newest if window.end > timezone.now() else window.end)
    return written


def _store(stream: Stream, items: list[ObjectItem]) -> int:
    ours = [item for item in items if item.stream_id == stream.pk]
    foreign = [item for item in items if item.stream_id != stream.pk]
    reason = "It belongs to another channel than the one that was listed."
    problems.note([Problem(reason, f"object {item.object_id}", 0) for item in foreign], stream_id=stream.pk)
    return len(upsert_objects(ours, now=timezone.now()))


def _moments(items: list[ObjectItem]) -> Iterator[datetime]:
    """When things happened by CommBox's clock; a moment in our future must not carry the cursor along."""
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
    logger.warning("stream not listed", stream_id=stream.pk, failure=source.code_of(error))
    Stream.objects.filter(pk=stream.pk).update(
        list_due_at=now + max(LIST_EVERY, schedule.retry_after(error, 1)),
        list_leased_until=None,
        list_error=error.sentence,
        list_error_at=now,
    )
