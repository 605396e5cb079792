"""Whose file is checked next: a few at once, a few wait, and nobody has two checks at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from recordings.exceptions import PortalError

AT_ONCE, WAITING = 2, 2
PATIENCE_SECONDS = 10.0
_YOURS = "Another file of yours is being checked right now. Wait until it is done, then try again."
_OTHERS = "Other people's files are being checked right now. Try again in a minute."


class NotYourTurn(PortalError):
    """No place is free for this check now."""

    status = 503


class Turns:
    """The places of one process: the threads of the web server are left for everybody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._people: set[int] = set()
        self._places = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self, person: int) -> Iterator[None]:
        """Hold a place for a person, after waiting for it if need be. Raises NotYourTurn."""
        with self._lock:
            if person in self._people:
                raise NotYourTurn(_YOURS)
            if len(self._people) >= AT_ONCE + WAITING:
                raise NotYourTurn(_OTHERS)
            self._people.add(person)
        try:
            if not self._places.acquire(timeout=PATIENCE_SECONDS):
                raise NotYourTurn(_OTHERS)
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                self._people.discard(person)
