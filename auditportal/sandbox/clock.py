"""The sandbox's clock: real time plus an offset that tests can change."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """The current UTC time plus an offset. Listeners are called when the offset changes."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    def now(self) -> datetime:
        """Return the sandbox's time, aware and in UTC."""
        with self._lock:
            return datetime.now(UTC) + self._offset

    @property
    def offset_seconds(self) -> float:
        """Return how far the sandbox is ahead of the machine's time; negative when it is behind."""
        with self._lock:
            return self._offset.total_seconds()

    def set_offset(self, seconds: float) -> None:
        """Set the sandbox `seconds` ahead of the machine's time."""
        with self._lock:
            self._offset = timedelta(seconds=seconds)
        for listener in self._listeners:
            listener()

    def advance(self, seconds: float) -> None:
        """Move the sandbox's time by `seconds`; backwards when negative."""
        self.set_offset(self.offset_seconds + seconds)

    def set(self, at: datetime) -> None:
        """Set the time to `at`; the clock continues from there. Raises ValueError for a time without a zone."""
        if at.tzinfo is None:
            raise ValueError("The sandbox's clock needs a time with a zone, such as 2026-05-13T09:00:00Z.")
        self.set_offset((at - datetime.now(UTC)).total_seconds())

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the offset changes."""
        self._listeners.append(listener)
