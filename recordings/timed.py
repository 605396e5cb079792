"""Values that a process looks up now and then, and takes for good for some seconds."""

import time
from typing import Any, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")
_all: "WeakSet[TimedValue[Any]]" = WeakSet()


class TimedValue(Generic[T]):
    """A value that is good for `seconds` after it was set, in this process."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.last: T | None = None  # however old
        self._until = 0.0
        _all.add(self)

    def get(self) -> T | None:
        """The value while it is good, else None."""
        return self.last if time.monotonic() < self._until else None

    def set(self, value: T) -> T:
        """Take a value for good from now on. Returns it."""
        self.last, self._until = value, time.monotonic() + self.seconds
        return value

    def forget(self) -> None:
        """Have it looked up again: for whoever has changed what it was looked up from."""
        self.last, self._until = None, 0.0


def forget_all() -> None:
    """Forget every value of this process: what one test has looked up is nothing to the next."""
    for value in _all:
        value.forget()
