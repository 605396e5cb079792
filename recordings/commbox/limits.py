"""The account's call budget, shared by every process: so many calls a second and at a time, some kept for playback.

CommBox publishes no limit; 4 a second and 2 at a time are ours unless an installation knows better. Background calls
get 3 of 4 calls a second and all places but one, so an auditor who presses play never waits behind a refresh. Redis
counts for all processes; while it is gone each process keeps to a quarter of the rate for each priority.
"""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from redis import Redis
from redis.exceptions import RedisError

from recordings.commbox.counters import Left, LocalCounter, Priority, SharedCounter
from recordings.commbox.errors import Throttled

PER_SECOND = 4
AT_ONCE = 2
PATIENCE_SECONDS: dict[Priority, float] = {"background": 10.0, "playback": 3.0}
EXTEND_EVERY_SECONDS = 1.0  # well within counters.PLACE_SECONDS
SPREAD_SECONDS = (
    0.02  # between those who wait for the same moment; what is slept too long is lost to the account
)
REDIS_REST_SECONDS = 5.0


class CallBudget:
    """The limiter the client asks before each exchange; `per_second` and `at_once` are at least 2."""

    def __init__(
        self, redis: Redis | None, account: str, per_second: int = PER_SECOND, at_once: int = AT_ONCE
    ) -> None:
        self._local = LocalCounter(per_second)
        self._shared = SharedCounter(redis, account, per_second, at_once) if redis is not None else None
        self._redis_rests_until = 0.0
        self._lock = threading.Lock()
        self._under_way: set[str] = set()
        self._extender: threading.Thread | None = None

    @contextmanager
    def acquire(self, priority: Priority = "background", longest: float = float("inf")) -> Iterator[None]:
        """Hold one of the account's places for one exchange.

        Wait for it as long as the priority allows and `longest` seconds at most. Raise Throttled with the seconds to
        wait when it would take longer.
        """
        call, ends_at = uuid.uuid4().hex, time.monotonic() + min(PATIENCE_SECONDS[priority], longest)
        while True:
            counter = self._counter()
            try:
                wait = counter.enter(call, priority)
            except RedisError:
                self._rest_redis()
                continue
            if not wait:
                break
            if time.monotonic() + wait > ends_at:
                raise Throttled("The portal's own call budget is used up.", retry_after=max(1.0, wait))
            time.sleep(wait + random.uniform(0.0, SPREAD_SECONDS))  # noqa: S311 - nothing secret hangs on it
        try:
            with self._lock:
                self._under_way.add(call)
                # A forked child has its parent's object and not its thread.
                if self._extender is None or not self._extender.is_alive():
                    self._extender = threading.Thread(target=self._extend_places, daemon=True)
                    self._extender.start()
            yield
        finally:
            with self._lock:
                self._under_way.discard(call)
            with suppress(RedisError):  # the place ends by itself
                counter.leave(call)

    def pause(self, seconds: float | None) -> None:
        """CommBox throttles: background calls of every process rest; playback goes on with its reserved share."""
        try:
            self._counter().pause(seconds)
        except RedisError:
            self._rest_redis()
            self._local.pause(seconds)

    def left(self) -> Left | None:
        """What is left of the account's budget; None while only this process's own is known."""
        counter = self._counter()
        try:
            return counter.left() if isinstance(counter, SharedCounter) else None
        except RedisError:
            self._rest_redis()
            return None

    def _extend_places(self) -> None:
        """Extend the places of the calls under way, until there are none."""
        while True:
            time.sleep(EXTEND_EVERY_SECONDS)
            with self._lock:
                calls = list(self._under_way)
                if not calls:
                    self._extender = None
                    return
            # Also while calls are counted locally for a few seconds: Redis may be back, and these hold places there.
            if self._shared is not None:
                with suppress(RedisError):
                    self._shared.extend(calls)

    def _counter(self) -> SharedCounter | LocalCounter:
        if self._shared is None or time.monotonic() < self._redis_rests_until:
            return self._local
        return self._shared

    def _rest_redis(self) -> None:
        """Count locally for a few seconds, then try Redis again."""
        self._redis_rests_until = time.monotonic() + REDIS_REST_SECONDS
