"""Limit how many files are verified at once: two in a process, two waiting, one for each person."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_lazy as _

from recordings.exceptions import PortalError

AT_ONCE, WAITING = 2, 2
PATIENCE_SECONDS = 10.0
_YOURS = _("Another file of yours is being verified. Wait until it is done, then try again.")
_OTHERS = _("Other people's files are being verified. Try again in a minute.")


class NotAdmitted(PortalError):
    """No more files can be verified now."""

    status = 503


class Admission:
    """The verifications of one process. The limits keep the other threads of the web server free."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._people: set[int] = set()
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def turn(self, person: int) -> Iterator[None]:
        """Hold a slot for this person during the block, waiting up to PATIENCE_SECONDS. Raises NotAdmitted."""
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
