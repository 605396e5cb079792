"""Rebuild the search rows of all objects on several connections. An interrupted rebuild can be resumed."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from django.core import signing
from django.core.cache import cache
from django.db import connection

from recordings.catalog.search_documents import rebuild_docs
from recordings.catalog.text import VERSION
from recordings.models import CommBoxObject

AT_ONCE = 4  # connections: with one, reading texts and writing rows would wait for each other
BATCH = 2_000  # objects of a transaction
_KEY, _SALT, _KEPT_FOR = "search_rebuild", "recordings.catalog.rebuild", 7 * 86_400


@dataclass(frozen=True)
class Progress:
    """How far a rebuild is: `done` objects, all those up to and including the object `last`."""

    last: int = 0
    done: int = 0


def rebuild_all(progress: Progress) -> Iterator[Progress]:
    """Rebuild the search rows of all objects after `progress`. Yield the progress after each batch.

    A batch is a transaction. The cache stores the progress, so a killed rebuild can be resumed. It may run at the same
    time as another rebuild or refresh.
    """
    with ThreadPoolExecutor(AT_ONCE, "rebuild_search") as pool:
        running: deque[tuple[list[int], Future[None]]] = deque()
        try:
            submitted = progress.last
            while True:
                # 1. Keep every connection busy, with one batch waiting for each.
                while len(running) < 2 * AT_ONCE and (ids := _ids_behind(submitted)):
                    running.append((ids, pool.submit(_rebuild, ids)))
                    submitted = ids[-1]
                if not running:
                    break
                # 2. Count the batches in order, so that there is no gap before `last`.
                ids, batch = running.popleft()
                batch.result()
                progress = Progress(ids[-1], progress.done + len(ids))
                cache.set(_KEY, signing.dumps([VERSION, progress.last, progress.done], salt=_SALT), _KEPT_FOR)
                yield progress
        finally:
            # 3. Stopped or failed: start no more batches.
            pool.shutdown(wait=False, cancel_futures=True)
    cache.delete(_KEY)


def interrupted_rebuild() -> Progress:
    """Return the progress of an interrupted rebuild; none if there is none, or if it made other lexemes."""
    with suppress(signing.BadSignature, TypeError, ValueError):  # the cache may hold anything
        version, last, done = signing.loads(cache.get(_KEY, ""), salt=_SALT)
        if version == VERSION:
            return Progress(last, done)
    return Progress()


def _ids_behind(last: int) -> list[int]:
    return list(CommBoxObject.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH])


def _rebuild(ids: list[int]) -> None:
    try:
        rebuild_docs(ids)
    finally:
        connection.close()  # each thread of the pool has its own
