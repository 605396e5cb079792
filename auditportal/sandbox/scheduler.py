"""Run jobs at times of the sandbox's clock, in one thread that sleeps until the next job is due."""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from datetime import datetime

from auditportal.sandbox.clock import Clock

logger = logging.getLogger(__name__)
Job = Callable[[], None]


class Scheduler:
    """Jobs in the order of their due times. Moving the clock forward makes them due."""

    def __init__(self, clock: Clock, name: str) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._jobs: list[tuple[datetime, int, Job]] = []
        self._numbers = itertools.count()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        clock.on_change(self._wake)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the running job and stop."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()

    def at(self, due: datetime, job: Job) -> None:
        """Run `job` at `due`, or now if that has passed."""
        with self._changed:
            heapq.heappush(self._jobs, (due, next(self._numbers), job))
            self._changed.notify()

    def clear(self) -> None:
        """Remove all planned jobs."""
        with self._changed:
            self._jobs.clear()

    def waiting(self) -> int:
        """Return how many jobs are planned."""
        with self._changed:
            return len(self._jobs)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _run(self) -> None:
        while (job := self._next()) is not None:
            try:
                job()
            except Exception:
                logger.exception("A planned step of the sandbox failed")

    def _next(self) -> Job | None:
        """Wait for the next due job and return it; None when stopped."""
        with self._changed:
            while not self._stopped:
                now = self._clock.now()
                if self._jobs and self._jobs[0][0] <= now:
                    return heapq.heappop(self._jobs)[2]
                self._changed.wait((self._jobs[0][0] - now).total_seconds() if self._jobs else None)
        return None
