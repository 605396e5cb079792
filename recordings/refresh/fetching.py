"""Ask CommBox in threads that know nothing of rows: what comes back is put into one queue, as it arrives."""

import threading
import time
from collections.abc import Iterable
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

# So long the first answer waits for others: a transaction costs the same for one as for fifty.
LINGER_SECONDS = 0.1


@dataclass(frozen=True)
class Good:
    """An answer that could be read."""

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
    """CommBox was not asked after all."""

    object_id: int


Answer = Good | Failed | Unasked


def ask(object_id: int) -> Good | Failed:
    """Fetch and parse the recordings of one object. Raises nothing: what went wrong is in the answer."""
    asked_at = timezone.now()
    try:
        return Good(object_id, asked_at, client().recordings(object_id))
    except CommBoxError as error:
        return Failed(object_id, error)
    except Exception as error:
        logger.exception("answer not read", object_id=object_id)
        return Failed(object_id, error)


class Fetchers:
    """So many calls at a time. `out` are the objects whose answers are still to come."""

    def __init__(self, at_once: int) -> None:
        self.out: set[int] = set()
        self._pool = ThreadPoolExecutor(at_once, "refresh")
        self._back: SimpleQueue[Answer] = SimpleQueue()
        self._held = threading.Event()

    def ask_for(self, object_ids: Iterable[int]) -> None:
        """Have these asked for. After a failure they come back unasked, until `resume`."""
        for object_id in object_ids:
            self.out.add(object_id)
            self._pool.submit(self._ask, object_id)

    def take(self, most: int, patience: float) -> list[Answer]:
        """What has come back: nothing when that takes longer than `patience` seconds."""
        answers: list[Answer] = []
        ends_at = time.monotonic() + patience
        while self.out and len(answers) < most and (left := ends_at - time.monotonic()) > 0:
            try:
                answers.append(self._back.get(timeout=left))
            except Empty:
                break
            self.out.discard(answers[-1].object_id)
            if len(answers) == 1:
                ends_at = time.monotonic() + LINGER_SECONDS
        return answers

    def hold(self) -> None:
        """Ask for nothing that is not under way: it comes back unasked."""
        self._held.set()

    def resume(self) -> None:
        """Ask again."""
        self._held.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hold()
        self._pool.shutdown()

    def _ask(self, object_id: int) -> None:
        self._back.put(Unasked(object_id) if self._held.is_set() else self._asked(object_id))

    def _asked(self, object_id: int) -> Answer:
        try:
            answer = ask(object_id)
        finally:
            connection.close()  # the client may have read its keys anew
        if isinstance(answer, Good) or isinstance(answer.error, ANSWERED):
            return answer
        if isinstance(answer.error, Throttled) and answer.error.status is None:
            return Unasked(object_id)  # our own call budget is used up
        self.hold()
        return answer
