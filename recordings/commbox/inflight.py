"""Share one running call among all callers with the same key: a hundred people opening one object cost one exchange."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class SharedCalls(Generic[Key, T]):
    """Shares the result or the error of a running call with all callers of the same key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Key, Future[T]] = {}

    def call(self, key: Key, work: Callable[[], T]) -> T:
        """Return the result of `work`, run by this thread or by the first caller's. `work` must end in bounded time."""
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
