"""Admit requests to the threads of one process: a limited number may wait, for a limited time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import ParamSpec, TypeVar

from auditportal.serving.refusals import Overloaded

P = ParamSpec("P")
T = TypeVar("T")

# Nobody waits longer for a thread. Under far too many requests the event loop itself is late, and so is the refusal:
# docs/performance.md has the figure.
WAIT_SECONDS = 1.0
WAITING_PER_THREAD = 4


class Threads:
    """Run work in a fixed number of threads. Refuse work that cannot begin within a second."""

    def __init__(self, name: str, number: int) -> None:
        self._pool = ThreadPoolExecutor(number, name)
        self._free = asyncio.Semaphore(number)
        self._waiting, self._most_waiting = 0, number * WAITING_PER_THREAD

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread and return what it returns. Raises Overloaded when none is free in time."""
        async with self._turn():
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: work(*args, **kwargs))

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._waiting >= self._most_waiting:
            raise Overloaded
        self._waiting += 1
        try:
            await asyncio.wait_for(self._free.acquire(), WAIT_SECONDS)
        except TimeoutError:
            raise Overloaded from None
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
