"""The account's call budget, shared by all processes: calls per second and calls at a time, with a share for playback.

CommBox publishes no limits; the defaults are 4 calls a second and 2 at a time. Background calls may use three quarters
of the rate and all places but one, so a person who presses play never waits behind a refresh. Redis counts for all
processes; while it is unavailable, each process keeps to a quarter of the rate for each priority.
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
SPREAD_SECONDS = 0.02  # spreads callers that wait for the same time; longer sleeps would waste budget
REDIS_REST_SECONDS = 5.0


class CallBudget:
    """The client's limiter. `per_second` and `at_once` must be at least 2."""

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

        Waits as long as the priority allows, at most `longest` seconds. Raises Throttled with the seconds to wait when
        it would take longer.
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
            time.sleep(wait + random.uniform(0.0, SPREAD_SECONDS))  # noqa: S311 - not a secret
        try:
            with self._lock:
                self._under_way.add(call)
                # A forked child has its parent's object but not its thread.
                if self._extender is None or not self._extender.is_alive():
                    self._extender = threading.Thread(target=self._extend_places, daemon=True)
                    self._extender.start()
            yield
        finally:
            with self._lock:
                self._under_way.discard(call)
            with suppress(RedisError):  # the place expires anyway
                counter.leave(call)

    def pause(self, seconds: float | None) -> None:
        """Pause background calls of all processes after a 429. Playback continues with its reserved share."""
        try:
            self._counter().pause(seconds)
        except RedisError:
            self._rest_redis()
            self._local.pause(seconds)

    def left(self) -> Left | None:
        """Return what is left of the account's budget; None while only this process's own share is known."""
        counter = self._counter()
        try:
            return counter.left() if isinstance(counter, SharedCounter) else None
        except RedisError:
            self._rest_redis()
            return None

    def _extend_places(self) -> None:
        """Extend the places of the running calls until there are none."""
        while True:
            time.sleep(EXTEND_EVERY_SECONDS)
            with self._lock:
                calls = list(self._under_way)
                if not calls:
                    self._extender = None
                    return
            # Also while counting locally: Redis may be available again, and these calls hold places there.
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
