"""Fetch the recordings of objects from CommBox, one after the other or in threads. The threads use no database rows."""

import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Self

import structlog
from django.db import connection
from django.utils import timezone

from recordings.breaker import ANSWERED
from recordings.commbox import CommBoxError, Parsed, RecordingItem, Throttled
from recordings.commbox.assembly import client

logger = structlog.get_logger("portal.refresh")

# The first response waits so long for others, because a transaction costs the same for one as for fifty.
LINGER_SECONDS = 0.1


@dataclass(frozen=True)
class Good:
    """A response that could be read."""

    object_id: int
    asked_at: datetime
    parsed: Parsed[RecordingItem]


@dataclass(frozen=True)
class Failed:
    """CommBox's failure (CommBoxError), or the portal's own."""

    object_id: int
    error: Exception


@dataclass(frozen=True)
class Unasked:
    """CommBox was not called."""

    object_id: int


def fetch(object_id: int) -> Good | Failed:
    """Fetch and parse the recordings of one object. Never raises: a failure is returned."""
    asked_at = timezone.now()
    try:
        return Good(object_id, asked_at, client().recordings(object_id))
    except CommBoxError as error:
        return Failed(object_id, error)
    except Exception as error:
        logger.exception("response not read", object_id=object_id)
        return Failed(object_id, error)


def fetch_each(object_ids: Sequence[int]) -> list[Good | Failed]:
    """Fetch one object after the other, in this thread."""
    return [fetch(object_id) for object_id in object_ids]


class Fetchers:
    """Threads that fetch, `at_once` at a time. `pending`: the objects whose responses have not been collected."""

    def __init__(self, at_once: int) -> None:
        self.pending: set[int] = set()
        self._pool = ThreadPoolExecutor(at_once, "refresh")
        self._answers: SimpleQueue[Good | Failed | Unasked] = SimpleQueue()
        self._paused = threading.Event()

    def submit(self, object_ids: Iterable[int]) -> None:
        """Queue objects for fetching. After `pause` they are returned as Unasked until `resume`."""
        for object_id in object_ids:
            self.pending.add(object_id)
            self._pool.submit(self._fetch, object_id)

    def collect(self, most: int, timeout: float) -> list[Good | Failed | Unasked]:
        """Return up to `most` answers. Waits up to `timeout` seconds for the first one; may return none."""
        answers: list[Good | Failed | Unasked] = []
        ends_at = time.monotonic() + timeout
        while self.pending and len(answers) < most and (left := ends_at - time.monotonic()) > 0:
            try:
                answers.append(self._answers.get(timeout=left))
            except Empty:
                break
            self.pending.discard(answers[-1].object_id)
            if len(answers) == 1:
                ends_at = time.monotonic() + LINGER_SECONDS
        return answers

    def pause(self) -> None:
        """Start no further call: objects that were not called yet are returned as Unasked."""
        self._paused.set()

    def resume(self) -> None:
        """Start calls again."""
        self._paused.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.pause()
        self._pool.shutdown()

    def _fetch(self, object_id: int) -> None:
        """Put the answer into the queue. A failure that other objects would share pauses further calls."""
        answer: Good | Failed | Unasked = Unasked(object_id)
        if not self._paused.is_set():
            try:
                answer = fetch(object_id)
            finally:
                connection.close()  # the client may have read its API keys from the database
        if isinstance(answer, Failed) and not isinstance(answer.error, ANSWERED):
            if isinstance(answer.error, Throttled) and answer.error.status is None:
                answer = Unasked(object_id)  # our own call budget is used up
            else:
                self.pause()
        self._answers.put(answer)
