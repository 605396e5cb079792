"""One call in flight for many who ask the same: a hundred auditors opening one object cost one exchange."""

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
T = TypeVar("T")


class Merged(Generic[Key, T]):
    """Shares the result, or the error, of a running call with everybody who asks for the same key meanwhile."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Key, Future[T]] = {}

    def call(self, key: Key, work: Callable[[], T]) -> T:
        """The result of `work`, run by this thread or by the one that came first. `work` must be bounded."""
        with self._lock:
            running = self._running.get(key)
            mine: Future[T] = Future()
            if running is None:
                self._running[key] = mine
        return running.result() if running is not None else self._run(key, mine, work)

    def _run(self, key: Key, mine: Future[T], work: Callable[[], T]) -> T:
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
