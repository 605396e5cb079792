"""The account's call budget, shared by every process: so many requests a second, 2 at a time, some kept for playback.

CommBox publishes no limit; 4 a second is ours unless an installation knows better. Background work gets 3 of 4
turns and 1 of the 2 places, so an auditor who presses play never waits behind a refresh. Redis holds the account;
while it is gone each process keeps to a quarter of the budget by itself.
"""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal, Protocol

from pyrate_limiter import AbstractBucket, InMemoryBucket, Rate, RateItem, RedisBucket
from redis import Redis
from redis.exceptions import RedisError

from recordings.commbox.errors import Throttled

Priority = Literal["background", "playback"]

SECOND = 1000  # pyrate-limiter counts in milliseconds
PER_SECOND = 4
PLACES: dict[Priority, tuple[str, ...]] = {"background": ("b",), "playback": ("a", "b")}
PATIENCE_SECONDS: dict[Priority, float] = {"background": 10.0, "playback": 3.0}
PLACE_LIFE_SECONDS = 45  # longer than any exchange; frees the place of a process that was killed
POLL_SECONDS = 0.05
REDIS_REST_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 300.0
LEAK_EVERY = 50

_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Ground(Protocol):
    """Where places and turns are counted."""

    def take_place(self, priority: Priority) -> str | None:
        """A free place, or None."""

    def give_back(self, place: str) -> None:
        """Free a place."""

    def turn_in(self, priority: Priority) -> float:
        """0 when the turn was taken, else seconds until one may come free."""

    def pause(self, seconds: float | None) -> None:
        """Stop background calls for so long; for longer each time when nobody said how long."""

    def pause_left(self) -> float:
        """Seconds background calls still have to wait."""


class _Turns:
    """Two sliding windows: all calls, and background calls among them."""

    def __init__(self, everything: AbstractBucket, background: AbstractBucket) -> None:
        self._buckets: dict[Priority, list[AbstractBucket]] = {
            "playback": [everything],
            "background": [background, everything],
        }
        self._taken = 0

    def turn_in(self, priority: Priority) -> float:
        for bucket in self._buckets[priority]:
            item = RateItem(priority, int(bucket.now()))  # type: ignore[no-untyped-call]
            if not bucket.put(item):
                return max(POLL_SECONDS, float(bucket.waiting(item)) / SECOND)  # type: ignore[arg-type]
            self._taken += 1
            if self._taken % LEAK_EVERY == 0:
                bucket.leak(item.timestamp)
        return 0.0


class LocalGround:
    """Counts inside this process: for an installation without Redis, and while Redis is gone."""

    def __init__(self, per_second: int = PER_SECOND) -> None:
        limits = (max(2, per_second // 2), max(1, per_second // 4))  # all, and background among them
        everything, background = (InMemoryBucket([Rate(limit, SECOND)]) for limit in limits)
        self.turn_in = _Turns(everything, background).turn_in
        self._lock = threading.Lock()
        self._taken: set[str] = set()
        self._paused_until = 0.0
        self._throttled = 0

    def take_place(self, priority: Priority) -> str | None:
        with self._lock:
            free = [place for place in PLACES[priority] if place not in self._taken]
            self._taken.update(free[:1])
        return free[0] if free else None

    def give_back(self, place: str) -> None:
        with self._lock:
            self._taken.discard(place)

    def pause(self, seconds: float | None) -> None:
        with self._lock:
            self._throttled = self._throttled + 1 if self.pause_left() > -60.0 else 1
            pause = seconds or _growing(self._throttled)
            self._paused_until = max(self._paused_until, time.monotonic() + pause)

    def pause_left(self) -> float:
        return self._paused_until - time.monotonic()


class SharedGround:
    """Counts in Redis, for every process of the installation. Every method raises RedisError while it is gone."""

    def __init__(self, redis: Redis, account: str, per_second: int = PER_SECOND) -> None:
        self._redis = redis
        self._prefix = f"commbox:{account}:"
        everything, background = (
            RedisBucket.init([Rate(limit, SECOND)], redis, f"{self._prefix}turns:{limit}")
            for limit in (per_second, per_second * 3 // 4)
        )
        self.turn_in = _Turns(everything, background).turn_in

    def take_place(self, priority: Priority) -> str | None:
        for place in PLACES[priority]:
            token = f"{place}{uuid.uuid4().hex}"
            if self._redis.set(self._key(token), token, nx=True, ex=PLACE_LIFE_SECONDS):
                return token
        return None

    def give_back(self, place: str) -> None:
        self._redis.eval(_RELEASE, 1, self._key(place), place)

    def pause(self, seconds: float | None) -> None:
        times = int(self._redis.incr(f"{self._prefix}throttled"))
        pause = seconds or _growing(times)
        self._redis.expire(f"{self._prefix}throttled", int(2 * pause) + 60)
        self._redis.set(f"{self._prefix}paused", 1, px=max(1, int(pause * 1000)))

    def pause_left(self) -> float:
        return float(self._redis.pttl(f"{self._prefix}paused")) / 1000

    def _key(self, token: str) -> str:
        return f"{self._prefix}place:{token[0]}"


class CallBudget:
    """The limiter the client asks before each exchange; `per_second` is at least 2."""

    def __init__(self, redis: Redis | None, account: str, per_second: int = PER_SECOND) -> None:
        self._redis = redis
        self._account = account
        self._per_second = per_second
        self._local = LocalGround(per_second)
        self._shared: SharedGround | None = None
        self._redis_rests_until = 0.0

    @contextmanager
    def acquire(self, priority: Priority = "background") -> Iterator[None]:
        """Hold a place and a turn. Raises Throttled with the seconds to wait when it would take too long."""
        ground, place = self._wait(priority, time.monotonic() + PATIENCE_SECONDS[priority])
        try:
            yield
        finally:
            with suppress(RedisError):
                ground.give_back(place)

    def pause(self, seconds: float | None) -> None:
        """CommBox throttles: background calls of every process rest; playback goes on with its reserved share."""
        ground = self._ground()
        try:
            ground.pause(seconds)
        except RedisError:
            self._rest().pause(seconds)

    def _wait(self, priority: Priority, ends_at: float) -> tuple[Ground, str]:
        while True:
            ground = self._ground()
            try:
                wait, place = _take(ground, priority)
            except RedisError:
                self._rest()
                continue
            if place is not None:
                return ground, place
            if time.monotonic() + wait > ends_at:
                raise Throttled("The portal's own call budget is used up.", retry_after=max(1.0, wait))
            time.sleep(wait * random.uniform(1.0, 1.2))  # noqa: S311 - spreads those who wait

    def _ground(self) -> Ground:
        if self._redis is None or time.monotonic() < self._redis_rests_until:
            return self._local
        try:
            self._shared = self._shared or SharedGround(self._redis, self._account, self._per_second)
        except RedisError:
            return self._rest()
        return self._shared

    def _rest(self) -> LocalGround:
        """Redis failed: count locally for a few seconds, then look again with fresh scripts."""
        self._redis_rests_until = time.monotonic() + REDIS_REST_SECONDS
        self._shared = None
        return self._local


def _take(ground: Ground, priority: Priority) -> tuple[float, str | None]:
    """(0, place) when the call may go out, else (seconds to wait, None)."""
    if priority == "background" and (left := ground.pause_left()) > 0:
        return left, None
    place = ground.take_place(priority)
    if place is None:
        return POLL_SECONDS, None
    wait = ground.turn_in(priority)
    if wait == 0.0:
        return wait, place
    ground.give_back(place)
    return wait, None


def _growing(times: int) -> float:
    """1 s, 2 s, 4 s … 5 minutes."""
    return min(LONGEST_PAUSE_SECONDS, 2.0 ** min(times - 1, 16))
