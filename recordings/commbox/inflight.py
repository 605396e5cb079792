"""Share one call in flight among all who need the same: a hundred auditors opening one object cost one exchange."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class SharedCalls(Generic[Key, T]):
    """Shares the result, or the error, of a running call with everybody who asks for the same key meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Key, Future[T]] = {}

    def call(self, key: Key, work: Callable[[], T]) -> T:
        """Return the result of `work`, run by this thread or by the one that came first. `work` must be bounded."""
        mine: Future[T] = Future()
        with self._lock:
            running = self._running.setdefault(key, mine)
        if running is not mine:
            return running.result()
        try:
            result = work()
        except BaseException as error:
            self._forget(key)
            mine.set_exception(error)
            raise
        self._forget(key)
        mine.set_result(result)
        return result

    def _forget(self, key: Key) -> None:
        with self._lock:
            del self._running[key]
