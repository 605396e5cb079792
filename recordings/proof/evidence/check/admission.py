"""Admit people to the check of a file: a few at once, a few wait, and nobody has two checks at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from recordings.exceptions import PortalError

AT_ONCE, WAITING = 2, 2
PATIENCE_SECONDS = 10.0
_YOURS = "Another file of yours is being checked right now. Wait until it is done, then try again."
_OTHERS = "Other people's files are being checked right now. Try again in a minute."


class NotAdmitted(PortalError):
    """No more files can be checked now."""

    status = 503


class Admission:
    """The checks of one process: the other threads of the web server are left for everybody else."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._people: set[int] = set()
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self, person: int) -> Iterator[None]:
        """Let a person check a file in this block, after a wait if need be. Raises NotAdmitted."""
        with self._lock:
            if person in self._people:
                raise NotAdmitted(_YOURS)
            if len(self._people) >= AT_ONCE + WAITING:
                raise NotAdmitted(_OTHERS)
            self._people.add(person)
        try:
            if not self._slots.acquire(timeout=PATIENCE_SECONDS):
                raise NotAdmitted(_OTHERS)
            try:
                yield
            finally:
                self._slots.release()
        finally:
            with self._lock:
                self._people.discard(person)
